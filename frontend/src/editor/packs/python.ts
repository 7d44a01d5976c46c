import { python } from "@codemirror/lang-python";
import { completion } from "../completion";

const KEYWORDS = `
  and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda nonlocal not or pass raise return try while with yield match case True False
  None abs all any bool bytes callable chr dict dir divmod enumerate filter float format frozenset
  getattr hasattr hash hex input int isinstance iter len list map max min next object open ord pow
  print range repr reversed round set setattr sorted staticmethod str sum super tuple type zip self
  Exception IndexError KeyError OSError RuntimeError StopIteration TypeError ValueError
  ZeroDivisionError`.trim();

export const pack = () => [
  python().language,
  completion(KEYWORDS, [
    { label: "def", detail: "function", text: "def #{name}(#{parameters}):\n\t#{pass}" },
    {
      label: "class",
      detail: "with __init__",
      text: "class #{Name}:\n\tdef __init__(self#{}):\n\t\t#{pass}",
    },
    { label: "for", detail: "loop", text: "for #{item} in #{items}:\n\t#{pass}" },
    { label: "while", detail: "loop", text: "while #{condition}:\n\t#{pass}" },
    { label: "if", detail: "else", text: "if #{condition}:\n\t#{pass}\nelse:\n\t#{pass}" },
    {
      label: "try",
      detail: "except",
      text: "try:\n\t#{pass}\nexcept #{Exception} as error:\n\t#{raise}",
    },
    {
      label: "with",
      detail: "open a file",
      text: 'with open("#{name}", encoding="utf-8") as file:\n\t#{pass}',
    },
    { label: "ask", detail: "for a number", text: '#{number} = int(input("#{Number}? "))' },
    {
      label: "main",
      detail: "entry point",
      text: 'def main():\n\t#{pass}\n\n\nif __name__ == "__main__":\n\tmain()',
    },
  ]),
];
