import { describe, expect, it } from "vitest";
import { diagnosticsOf } from "./diagnostics";

describe("diagnosticsOf", () => {
  it("finds the errors of gcc and leaves its warnings and excerpts alone", () => {
    const text =
      "./main.c: In function ‘main’:\n" +
      "./main.c:4:5: warning: implicit declaration of function ‘prinft’\n" +
      "./main.c:4:14: error: expected ‘;’ before ‘}’ token\n" +
      "    4 |     prinft(1)\n" +
      "main.c:9:10: fatal error: nothing.h: No such file or directory\n";
    expect(diagnosticsOf(text)).toEqual([
      { file: "main.c", line: 4, column: 14, message: "expected ‘;’ before ‘}’ token" },
      { file: "main.c", line: 9, column: 10, message: "nothing.h: No such file or directory" },
    ]);
  });

  it("finds the errors of rustc with their place on the next line", () => {
    const text =
      "error[E0425]: cannot find value `y` in this scope\n --> ./main.rs:2:13\n  |\n" +
      "2 |     let x = y;\n\nwarning: unused variable\n --> ./main.rs:2:9\n\n" +
      "error: aborting due to previous error\n\n";
    expect(diagnosticsOf(text)).toEqual([
      { file: "main.rs", line: 2, column: 13, message: "cannot find value `y` in this scope" },
    ]);
  });

  it("finds nothing in words without a place", () => {
    expect(
      diagnosticsOf("undefined reference to `main'\ncollect2: error: ld returned 1\n"),
    ).toEqual([]);
  });

  it("finds an error of gcc that has no column", () => {
    expect(diagnosticsOf("baduse.c:3: error: expected ‘{’ at end of input\n")).toEqual([
      { file: "baduse.c", line: 3, column: 0, message: "expected ‘{’ at end of input" },
    ]);
  });

  it("places an error inside of the library at the line that asked for it", () => {
    const text =
      "In file included from /usr/include/c++/12/bits/stl_algobase.h:71,\n" +
      "                 from bad.cpp:1:\n" +
      "/usr/include/c++/12/bits/stl_algo.h:4820:18:   required from ‘constexpr void std::sort’\n" +
      "bad.cpp:6:14:   required from here\n" +
      "/usr/include/c++/12/bits/predefined_ops.h:45:23: error: no match for ‘operator<’\n";
    expect(diagnosticsOf(text)).toEqual([
      { file: "bad.cpp", line: 6, column: 14, message: "no match for ‘operator<’" },
    ]);
  });
});
