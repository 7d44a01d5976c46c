import { rust } from "@codemirror/lang-rust";
import { completion } from "../completion";

const KEYWORDS = `
  as async await break const continue crate dyn else enum extern false fn for if impl in let loop match
  mod move mut pub ref return self Self static struct super trait true type unsafe use where while bool
  char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Box Clone Copy Debug Default Err
  HashMap HashSet Iterator None Ok Option Rc Result Some String Vec VecDeque assert assert_eq clone
  collect eprintln expect filter format into_iter iter len map panic parse print println push read_line
  std stdin stdout to_string trim unwrap unwrap_or vec write writeln`.trim();

export const pack = () => [
  rust().language,
  completion(KEYWORDS, [
    { label: "fn", detail: "function", text: "fn #{name}(#{parameters}) {\n\t#{}\n}" },
    { label: "main", detail: "entry point", text: "fn main() {\n\t#{}\n}" },
    { label: "println", detail: "a line", text: 'println!("\\{#{value}\\}");' },
    { label: "for", detail: "loop", text: "for #{item} in #{items} {\n\t#{}\n}" },
    { label: "if", detail: "else", text: "if #{condition} {\n\t#{}\n} else {\n\t#{}\n}" },
    { label: "iflet", detail: "Some", text: "if let Some(#{value}) = #{option} {\n\t#{}\n}" },
    {
      label: "match",
      detail: "expression",
      text: "match #{value} {\n\t#{pattern} => #{},\n\t_ => #{},\n}",
    },
    {
      label: "struct",
      detail: "with impl",
      text: "struct #{Name} {\n\t#{field}: #{i32},\n}\n\nimpl #{Name} {\n\t#{}\n}",
    },
    {
      label: "line",
      detail: "of the input",
      text: "let mut #{line} = String::new();\nstd::io::stdin().read_line(&mut #{line}).unwrap();",
    },
  ]),
];
