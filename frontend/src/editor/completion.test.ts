import { CompletionContext } from "@codemirror/autocomplete";
import { python } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { expect, it } from "vitest";
import { completionSource } from "./completion";
import { otherTexts } from "./otherTexts";

const SOURCE = completionSource("while with", [
  { label: "while", detail: "loop", text: "while #{x}:" },
]);

/** What is offered at the end of `doc`. */
function offered(doc: string, explicit = false): readonly string[] | null {
  const extensions = [python(), otherTexts.of(() => ["elephant"])];
  const state = EditorState.create({ doc, extensions });
  const result = SOURCE(new CompletionContext(state, doc.length, explicit));
  return result?.options.map(({ label, type }) => `${type} ${label}`) ?? null;
}

it("offers snippets, words of the language and words of all files, not the one being written", () => {
  expect(offered("counter = 1\nwh")).toEqual([
    "snippet while",
    "keyword while",
    "keyword with",
    "text counter",
    "text elephant",
  ]);
});

it("offers words alone after a dot", () => {
  expect(offered("counter.wh")).toEqual(["text counter", "text elephant"]);
});

it("waits for a second letter, and leaves strings and comments alone unless it is asked", () => {
  expect(offered("w")).toBeNull();
  expect(offered("'wh")).toBeNull();
  expect(offered("# wh")).toBeNull();
  expect(offered("# wh", true)).toContain("text elephant");
  expect(offered("", true)).toContain("keyword with");
});
