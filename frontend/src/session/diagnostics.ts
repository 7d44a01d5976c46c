// Where a compiler found its errors, read from what it wrote. Pure.

import type { Detail } from "../protocol";

// gcc, g++ and clang: `./main.c:4:14: error: expected ';'`; at the end of a file without a column.
const GNU = /^(?:\.\/)?([^\s:]+):(\d+):(?:(\d+):)? (?:fatal )?error: (.+)$/;
// What g++ says before an error that a template of its library has: the line that asked for it.
const ASKED_FOR = /^(?:\.\/)?([^\s:]+):(\d+):(\d+): +required from here$/;
// rustc: `error[E0425]: cannot find value`, and on the next line ` --> main.rs:4:5`
const RUST_ERROR = /^error(?:\[\w+\])?: (.+)$/;
const RUST_PLACE = /^\s*--> (?:\.\/)?([^\s:]+):(\d+):(\d+)$/;

// Past it, what follows is mostly the consequence of what came before.
export const MOST_PLACES = 10;

/** A column of 0 is not known: the whole line is meant. */
export function diagnosticsOf(text: string): Detail[] {
  const found: Detail[] = [];
  let asked: RegExpExecArray | null = null;
  let rust = "";
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    const gnu = GNU.exec(line);
    const place = RUST_PLACE.exec(line);
    asked = ASKED_FOR.exec(line) ?? asked;
    if (gnu !== null) {
      const [, file = "", row, column, message] = gnu;
      const [, itsFile, itsRow, itsColumn] = asked ?? [];
      const inLibrary = file.startsWith("/") && asked !== null;
      found.push(
        inLibrary
          ? detail(itsFile, itsRow, itsColumn, message)
          : detail(file, row, column, message),
      );
      asked = null;
    } else if (rust !== "" && place !== null) {
      found.push(detail(place[1], place[2], place[3], rust));
    }
    rust = RUST_ERROR.exec(line)?.[1] ?? "";
  }
  return found.slice(0, MOST_PLACES);
}

function detail(file = "", line = "1", column = "0", message = ""): Detail {
  return { file, line: Number(line), column: Number(column), message };
}
