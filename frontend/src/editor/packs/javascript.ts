import { javascript } from "@codemirror/lang-javascript";
import { completion } from "../completion";

const KEYWORDS = `
  async await break case catch class const continue debugger default delete do else export extends
  false finally for from function get if import in instanceof let new null of return set static super
  switch this throw true try typeof undefined var void while yield Array BigInt Boolean Date Error
  Infinity JSON Map Math NaN Number Object Promise Proxy RangeError RegExp Set String Symbol TypeError
  WeakMap console clearInterval clearTimeout exports isFinite isNaN module parseFloat parseInt process
  queueMicrotask require setInterval setTimeout structuredClone`.trim();

export const pack = () => [
  javascript().language,
  completion(KEYWORDS, [
    { label: "log", detail: "console.log", text: "console.log(#{value});" },
    {
      label: "function",
      detail: "definition",
      text: "function #{name}(#{parameters}) {\n\t#{}\n}",
    },
    { label: "arrow", detail: "function", text: "const #{name} = (#{parameters}) => {\n\t#{}\n};" },
    { label: "for", detail: "of", text: "for (const #{item} of #{items}) {\n\t#{}\n}" },
    {
      label: "fori",
      detail: "counting",
      text: "for (let #{i} = 0; #{i} < #{count}; #{i} += 1) {\n\t#{}\n}",
    },
    { label: "if", detail: "else", text: "if (#{condition}) {\n\t#{}\n} else {\n\t#{}\n}" },
    { label: "try", detail: "catch", text: "try {\n\t#{}\n} catch (error) {\n\t#{}\n}" },
    {
      label: "class",
      detail: "definition",
      text: "class #{Name} {\n\tconstructor(#{parameters}) {\n\t\t#{}\n\t}\n}",
    },
    {
      label: "lines",
      detail: "of the input",
      text:
        'const readline = require("node:readline");\n\nconst lines = readline.createInterface({ input: process.stdin });\n' +
        'lines.on("line", (#{line}) => {\n\t#{}\n});',
    },
  ]),
];
