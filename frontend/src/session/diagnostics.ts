// Where a compiler found its errors, read from what it wrote. Pure.

import type { Detail } from "../protocol";

// gcc, g++ and clang: `./main.c:4:14: error: expected ';'`
const GNU = /^(?:\.\/)?([^\s:]+):(\d+):(\d+): (?:fatal )?error: (.+)$/gm;
// rustc: `error[E0425]: cannot find value`, and on the next line ` --> main.rs:4:5`
const RUST = /^error(?:\[\w+\])?: (.+)\n\s*--> (?:\.\/)?([^\s:]+):(\d+):(\d+)$/gm;

// Past it, what follows is mostly the consequence of what came before.
const MOST = 10;

export function diagnosticsOf(text: string): Detail[] {
  const plain = text.replaceAll("\r\n", "\n");
  const gnu = [...plain.matchAll(GNU)].map(([, file, line, column, message]) =>
    detail(file, line, column, message),
  );
  const rust = [...plain.matchAll(RUST)].map(([, message, file, line, column]) =>
    detail(file, line, column, message),
  );
  return [...gnu, ...rust].slice(0, MOST);
}

function detail(file = "", line = "1", column = "1", message = ""): Detail {
  return { file, line: Number(line), column: Number(column), message };
}
