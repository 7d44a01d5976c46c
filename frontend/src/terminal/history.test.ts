import { describe, expect, test } from "vitest";
import { type HistoryStore, InputHistory, withLine } from "./history";
import { EMPTY, edit } from "./lineEditor";

function memory(): HistoryStore & { kept: Map<string, readonly string[]> } {
  const kept = new Map<string, readonly string[]>();
  return {
    kept,
    load: (language) => kept.get(language) ?? [],
    save: (language, lines) => kept.set(language, lines),
  };
}

const typed = (text: string) => ({ text, cursor: text.length });

describe("the history of inputs", () => {
  test("goes back to the newest first, and forward to the line being written", () => {
    const history = new InputHistory("python", memory());
    history.sent("one", true);
    history.sent("two", true);
    let draft = history.step(typed("thr"), -1);
    expect(draft).toEqual(typed("two"));
    draft = history.step(draft, -1);
    expect(draft).toEqual(typed("one"));
    expect(history.step(draft, -1)).toBe(draft);
    draft = history.step(history.step(draft, 1), 1);
    expect(draft).toEqual(typed("thr"));
    expect(history.step(draft, 1)).toBe(draft);
  });

  test("begins at the newest again after a line was sent", () => {
    const history = new InputHistory("python", memory());
    history.sent("one", true);
    history.sent("two", true);
    history.step(history.step(EMPTY, -1), -1);
    history.sent("three", true);
    expect(history.step(EMPTY, -1).text).toBe("three");
  });

  test("keeps no password", () => {
    const store = memory();
    const history = new InputHistory("python", store);
    history.sent("secret", false);
    expect(history.isEmpty).toBe(true);
    expect(store.kept.size).toBe(0);
  });

  test("is one for each language", () => {
    const store = memory();
    new InputHistory("python", store).sent("mine", true);
    expect(new InputHistory("python", store).step(EMPTY, -1).text).toBe("mine");
    expect(new InputHistory("rust", store).isEmpty).toBe(true);
  });

  test("takes in what another tab has added", () => {
    const store = memory();
    const [first, second] = [new InputHistory("c", store), new InputHistory("c", store)];
    first.sent("a", true);
    second.sent("b", true);
    expect(store.kept.get("c")).toEqual(["a", "b"]);
  });

  test("has each line once, no empty ones, and not more than a few hundred", () => {
    expect(withLine(["a", "b"], "a")).toEqual(["b", "a"]);
    expect(withLine(["a"], "  ")).toEqual(["a"]);
    expect(withLine(["a"], "x".repeat(2000))).toEqual(["a"]);
    const many = Array.from({ length: 300 }, (_, index) => `line ${index}`);
    const lines = many.reduce<readonly string[]>(withLine, []);
    expect(lines).toHaveLength(200);
    expect(lines.at(-1)).toBe("line 299");
  });

  test.each([
    ["\x1b[A", -1],
    ["\x1bOA", -1],
    ["\x10", -1],
    ["\x1b[B", 1],
    ["\x1bOB", 1],
    ["\x0e", 1],
  ])("is walked by the terminal's key %j", (key, by) => {
    const steps: number[] = [];
    const { draft } = edit(typed("own"), `${key}!`, (from, step) => {
      steps.push(step);
      return { text: `${from.text} found`, cursor: 0 };
    });
    expect(steps).toEqual([by]);
    expect(draft.text).toBe("!own found");
  });
});
