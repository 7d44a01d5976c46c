import { describe, expect, it } from "vitest";
import { tracesOf } from "./traces";

/** What the languages wrote to standard error, as it was, in a folder `/home/codr`. */
const CAUSED = `Traceback (most recent call last):
  File "/home/codr/main.py", line 12, in work
    return half(value)
           ^^^^^^^^^^^
  File "/home/codr/util.py", line 2, in half
    return number / 2
           ~~~~~~~^~~
TypeError: unsupported operand type(s) for /: 'str' and 'int'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/home/codr/main.py", line 17, in <module>
    work("seven")
  File "/home/codr/main.py", line 14, in work
    raise OwnError("cannot halve\\nit") from error
OwnError: cannot halve
it
`;
const IN_LIBRARY = `Traceback (most recent call last):
  File "/home/codr/lib.py", line 3, in <module>
    json.loads("{oops")
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
`;
const SYNTAX = `Traceback (most recent call last):
  File "/home/codr/usesyn.py", line 1, in <module>
    import syn
  File "/home/codr/syn.py", line 1
    def f(:
          ^
SyntaxError: invalid syntax
`;
const MAIN_SYNTAX = `  File "/home/codr/syn.py", line 1
    def f(:
          ^
SyntaxError: invalid syntax
`;
const DEEP = `Traceback (most recent call last):
  File "/home/codr/deep.py", line 5, in <module>
    down(0)
  File "/home/codr/deep.py", line 2, in down
    return down(n + 1)
           ^^^^^^^^^^^
  File "/home/codr/deep.py", line 2, in down
    return down(n + 1)
           ^^^^^^^^^^^
  [Previous line repeated 996 more times]
RecursionError: maximum recursion depth exceeded
`;
const GROUP = `  + Exception Group Traceback (most recent call last):
  |   File "/home/codr/group.py", line 10, in <module>
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/home/codr/group.py", line 7, in <module>
    |     f(i)
    |   File "/home/codr/group.py", line 2, in f
    |     raise ValueError(x)
    | ValueError: 0
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/home/codr/group.py", line 7, in <module>
    |     f(i)
    |   File "/home/codr/group.py", line 2, in f
    |     raise ValueError(x)
    | ValueError: 1
    +------------------------------------
`;
const THREAD = `Exception in thread Thread-1 (bad):
Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1038, in _bootstrap_inner
    self.run()
  File "/home/codr/thread.py", line 3, in bad
    int("x")
ValueError: invalid literal for int() with base 10: 'x'
`;
const NODE = `/home/codr/lib/util.js:2
  return thing.size / 2;
               ^

TypeError: Cannot read properties of null (reading 'size')
    at exports.half (/home/codr/lib/util.js:2:16)
    at work (/home/codr/main.js:4:10)
    at Object.<anonymous> (/home/codr/main.js:7:1)
    at Module._compile (node:internal/modules/cjs/loader:1521:14)
    at node:internal/main/run_main_module:28:49

Node.js v20.20.2
`;
const NODE_SYNTAX = `/home/codr/syn.js:3
  return a
         ^

SyntaxError: Unexpected identifier 'a'
    at wrapSafe (node:internal/modules/cjs/loader:1464:18)
    at require (node:internal/modules/helpers:182:18)
    at Object.<anonymous> (/home/codr/reqsyn.js:1:1)

Node.js v20.20.2
`;
const NODE_THROWN = `
/home/codr/thrown.js:1
throw "just words";
^
just words
(Use \`node --trace-uncaught ...\` to show where the exception was thrown)

Node.js v20.20.2
`;
const NODE_MODULE = `file:///home/codr/mod.mjs:1
import { nothing } from "./lib/util.js";
         ^^^^^^^
SyntaxError: Named export 'nothing' not found. The requested module './lib/util.js' is a CommonJS module, which may not support all module.exports as named exports.
CommonJS modules can always be imported via the default export, for example using:

import pkg from './lib/util.js';
const { nothing } = pkg;

    at ModuleJob._instantiate (node:internal/modules/esm/module_job:213:21)
    at async ModuleJob.run (node:internal/modules/esm/module_job:320:5)

Node.js v20.20.2
`;
const NODE_SYSTEM = `node:fs:573
  return binding.open(
                 ^

Error: ENOENT: no such file or directory, open 'gone.txt'
    at Object.openSync (node:fs:573:18)
    at Object.readFileSync (node:fs:452:35)
    at Object.<anonymous> (/home/codr/read.js:1:20)
    at node:internal/main/run_main_module:28:49 {
  errno: -2,
  code: 'ENOENT',
  path: 'gone.txt'
}

Node.js v20.20.2
`;
const PANIC = `
thread 'worker' (17831) panicked at expect.rs:3:34:
that is not a whole number: ParseIntError { kind: InvalidDigit }
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/e50aa6fba4e63ab34c72bf9acfd2c307c1155d1a/library/std/src/panicking.rs:689:5
   1: main::main
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.

thread 'main' (17830) panicked at expect.rs:6:14:
called \`Result::unwrap()\` on an \`Err\` value: Any { .. }
`;
const OLD_PANIC = `thread 'main' panicked at 'index out of bounds: the len is 3 but the index is 7', util.rs:2:5
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace
`;

const where = (stderr: string) =>
  tracesOf(stderr).map(({ file, line, isCaller, message }) =>
    isCaller ? `${file}:${line}` : `${file}:${line} ${message}`,
  );

describe("tracesOf Python", () => {
  it("begins with the error that ended the program and goes on to its cause", () => {
    expect(where(CAUSED)).toEqual([
      "/home/codr/main.py:14 OwnError: cannot halve",
      "/home/codr/main.py:17",
      "/home/codr/util.py:2 TypeError: unsupported operand type(s) for /: 'str' and 'int'",
      "/home/codr/main.py:12",
    ]);
  });

  it("blames the program's own line for what fails in the library", () => {
    expect(where(IN_LIBRARY)).toEqual([
      "/home/codr/lib.py:3 json.decoder.JSONDecodeError: Expecting property name enclosed in double " +
        "quotes: line 1 column 2 (char 1)",
    ]);
    expect(where(THREAD)).toEqual([
      "/home/codr/thread.py:3 ValueError: invalid literal for int() with base 10: 'x'",
    ]);
  });

  it("finds an error of syntax, in the program and in what it imports", () => {
    expect(where(MAIN_SYNTAX)).toEqual(["/home/codr/syn.py:1 SyntaxError: invalid syntax"]);
    expect(where(SYNTAX)).toEqual([
      "/home/codr/syn.py:1 SyntaxError: invalid syntax",
      "/home/codr/usesyn.py:1",
    ]);
  });

  it("names each line of a recursion once", () => {
    expect(where(DEEP)).toEqual([
      "/home/codr/deep.py:2 RecursionError: maximum recursion depth exceeded",
      "/home/codr/deep.py:2",
      "/home/codr/deep.py:5",
    ]);
  });

  it("finds each error of a group", () => {
    expect(where(GROUP)).toEqual([
      "/home/codr/group.py:2 ValueError: 1",
      "/home/codr/group.py:7",
      "/home/codr/group.py:2 ValueError: 0",
      "/home/codr/group.py:10 ExceptionGroup: two (2 sub-exceptions)",
    ]);
  });
});

describe("tracesOf Node", () => {
  it("finds the failing line with its column, and its callers", () => {
    expect(tracesOf(NODE)[0]).toEqual({
      file: "/home/codr/lib/util.js",
      line: 2,
      column: 16,
      message: "TypeError: Cannot read properties of null (reading 'size')",
    });
    expect(where(NODE).slice(1)).toEqual(["/home/codr/main.js:4", "/home/codr/main.js:7"]);
  });

  it("finds an error of syntax, which is in no stack", () => {
    expect(where(NODE_SYNTAX)).toEqual([
      "/home/codr/syn.js:3 SyntaxError: Unexpected identifier 'a'",
      "/home/codr/reqsyn.js:1",
    ]);
    expect(where(NODE_MODULE)[0]).toMatch(/^\/home\/codr\/mod\.mjs:1 SyntaxError: Named export/);
    expect(tracesOf(NODE_MODULE)[0]?.column).toBe(10);
  });

  it("finds what was thrown without being an error", () => {
    expect(where(NODE_THROWN)).toEqual(["/home/codr/thrown.js:1 just words"]);
  });

  it("blames the program's own line for what fails in Node", () => {
    expect(where(NODE_SYSTEM)).toEqual([
      "/home/codr/read.js:1 Error: ENOENT: no such file or directory, open 'gone.txt'",
    ]);
  });

  it("reads a terminal's line endings", () => {
    expect(where(NODE.replaceAll("\n", "\r\n"))).toEqual(where(NODE));
  });
});

describe("tracesOf compiled programs", () => {
  it("finds panics of new and old Rust", () => {
    expect(where(PANIC)).toEqual([
      "expect.rs:6 called `Result::unwrap()` on an `Err` value: Any { .. }",
      "expect.rs:3 that is not a whole number: ParseIntError { kind: InvalidDigit }",
    ]);
    expect(where(OLD_PANIC)).toEqual([
      "util.rs:2 index out of bounds: the len is 3 but the index is 7",
    ]);
  });

  it("finds a panic whose message has two lines", () => {
    expect(where("thread 'main' panicked at 'one\ntwo', main.rs:2:5\n")).toEqual([
      "main.rs:2 one two",
    ]);
  });

  it("finds failed assertions of C and C++", () => {
    expect(where("c: main.c:5: main: Assertion `n == 2' failed.\n")).toEqual([
      "main.c:5 Assertion `n == 2' failed.",
    ]);
    expect(
      where('c: assert.cpp:2: int check(int): Assertion `n == 2 && "two"\' failed.\n'),
    ).toEqual(['assert.cpp:2 Assertion `n == 2 && "two"\' failed.']);
  });
});

it("finds nothing where there is nothing", () => {
  expect(tracesOf("")).toEqual([]);
  expect(tracesOf("Warning: 3 files\nError: cannot read it\n  at home\nnote: 12:30:15\n")).toEqual(
    [],
  );
});

it("is broken by nothing that a program writes, and does not take long", () => {
  expect(tracesOf("Error: x\n    at f (/work/%E0%A4%A:1:2)\n")).toHaveLength(1);
  const started = performance.now();
  for (const start of ["    at ", "thread '", 'File "', '  File "', "a: "]) {
    tracesOf(start + "(:1".repeat(400_000));
    tracesOf(`${start + "(:1' ".repeat(300)}\n`.repeat(700));
  }
  expect(performance.now() - started).toBeLessThan(20_000);
});
