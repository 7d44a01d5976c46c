import { EditorState } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { wordsOf } from "./completion";
import { highlightOf, loadPack } from "./languages";

describe("a file's language", () => {
  it.each([
    ["main.py", "python", "python"],
    ["lib/UTIL.JS", "javascript", "javascript"],
    ["util.h", "c", "c"],
    ["util.h", "cpp", "cpp"],
    ["data.txt", "python", ""],
    ["Makefile", "c", ""],
  ])("of %s in a program of %s is %j", (name, ofProgram, expected) => {
    expect(highlightOf(name, ofProgram)).toBe(expected);
  });

  it.each(["python", "javascript", "c", "cpp", "rust", ""])(
    "has a pack for %j",
    async (highlight) => {
      const state = EditorState.create({ doc: "x", extensions: await loadPack(highlight) });
      expect(state.doc.toString()).toBe("x");
      const tokens = state.languageDataAt<{ line?: string }>("commentTokens", 0);
      expect(tokens.map(({ line }) => line)).toEqual(
        highlight === "" ? [] : [highlight === "python" ? "#" : "//"],
      );
    },
  );
});

it("the words of all files are each offered once, short ones not at all", () => {
  expect(wordsOf(["größe = ab + counter", "counter _x $el 12abc"])).toEqual([
    "größe",
    "counter",
    "$el",
    "abc",
  ]);
});
