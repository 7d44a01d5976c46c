import { describe, expect, test } from "vitest";
import {
  beforehandOf,
  MOST_INPUT_BYTES,
  mistakesIn,
  NO_OPTIONS,
  type RunOptions,
  splitArgs,
} from "./beforehand";

const MOST = {
  cpu_time: 10,
  wall_time: 30,
  input_timeout: 300,
  memory: 256 * 1024 * 1024,
  output: 128 * 1024 * 1024,
  processes: 64,
};

const options = (more: Partial<RunOptions>): RunOptions => ({ ...NO_OPTIONS, ...more });
const wrong = (more: Partial<RunOptions>) =>
  mistakesIn(options(more), MOST).map(({ field, kind }) => [field, kind]);

describe("arguments", () => {
  test.each([
    ["", []],
    ["  one   two ", ["one", "two"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a\\ b", ["a b"]],
    ["--name='Ada L'", ["--name=Ada L"]],
    ["''", [""]],
    ['"say \\"hi\\" \\n"', ['say "hi" \\n']],
    ["'it\\'", ["it\\"]],
    ["$HOME * `ls` ; rm", ["$HOME", "*", "`ls`", ";", "rm"]],
    ["żółw 🐢", ["żółw", "🐢"]],
    ["end\\", ["end\\"]],
  ])("of %j", (line, args) => {
    expect(splitArgs(line)).toEqual({ args, isOpen: false });
  });

  test("with a quote that has no end are said to be so", () => {
    expect(splitArgs("one 'two three")).toEqual({ args: ["one", "two three"], isOpen: true });
    expect(wrong({ args: "'" })).toEqual([["args", "open_quote"]]);
  });

  test("are not too many, and not too long", () => {
    expect(wrong({ args: "a ".repeat(64) })).toEqual([]);
    expect(wrong({ args: "a ".repeat(65) })).toEqual([["args", "too_many"]]);
    expect(wrong({ args: "a".repeat(5000) })).toEqual([["args", "too_many"]]);
  });
});

describe("what goes with a run", () => {
  test("is nothing where nothing was given", () => {
    expect(beforehandOf(NO_OPTIONS)).toEqual({});
  });

  test("is the text exactly, an empty one too", () => {
    expect(beforehandOf(options({ inputFrom: "text", text: "1\n2" }))).toEqual({ stdin: "1\n2" });
    expect(beforehandOf(options({ inputFrom: "text" }))).toEqual({ stdin: "" });
    expect(beforehandOf(options({ text: "set aside" }))).toEqual({});
  });

  test("is a file as base64", () => {
    const file = { name: "x.bin", bytes: 3, base64: "AP+A" };
    expect(beforehandOf(options({ inputFrom: "file", file }))).toEqual({
      stdin: "AP+A",
      encoding: "base64",
    });
  });

  test("has limits in the server's units", () => {
    const limits = {
      cpu_time: "0.5",
      memory: "64",
      output: "0.001",
      processes: " 8 ",
      wall_time: "",
    };
    expect(beforehandOf(options({ limits, args: "a 'b c'" }))).toEqual({
      args: ["a", "b c"],
      limits: { cpu_time: 0.5, memory: 67108864, output: 1049, processes: 8 },
    });
  });
});

describe("what cannot be sent", () => {
  test("is a limit that is none, or above the server's own", () => {
    const limits = {
      cpu_time: "11",
      wall_time: "0",
      memory: "much",
      processes: "1.5",
      output: "128",
    };
    expect(wrong({ limits })).toEqual([
      ["cpu_time", "too_high"],
      ["wall_time", "no_number"],
      ["memory", "no_number"],
      ["processes", "no_number"],
    ]);
    expect(mistakesIn(options({ limits: { memory: "257" } }), MOST)[0]?.most).toBe(256);
  });

  test("is too much input, counted in bytes, and a file that is not there", () => {
    const text = "ż".repeat(MOST_INPUT_BYTES / 2);
    expect(wrong({ inputFrom: "text", text })).toEqual([]);
    expect(wrong({ inputFrom: "text", text: `${text}!` })).toEqual([["text", "too_large"]]);
    expect(wrong({ text: `${text}!` })).toEqual([]);
    expect(wrong({ inputFrom: "file" })).toEqual([["file", "no_file"]]);
  });
});
