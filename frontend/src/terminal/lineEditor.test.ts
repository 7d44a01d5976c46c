import { describe, expect, it } from "vitest";
import { type Draft, EMPTY, edit } from "./lineEditor";

/** Types the keys one after another and gives what is on the line then. */
function line(...keys: string[]): Draft {
  return keys.reduce((draft, key) => edit(draft, key).draft, EMPTY);
}

const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const BACKSPACE = "\x7f";

describe("the line being typed", () => {
  it("collects what is typed", () => {
    expect(line("A", "d", "a")).toEqual({ text: "Ada", cursor: 3 });
  });

  it("is handed over by Enter, and the next one starts empty", () => {
    expect(edit(line("42"), "\r")).toEqual({
      draft: EMPTY,
      actions: [{ type: "submit", text: "42" }],
    });
  });

  it("hands over every line of a paste and keeps the unfinished one", () => {
    expect(edit(EMPTY, "one\rtwo\r\nthree")).toEqual({
      draft: { text: "three", cursor: 5 },
      actions: [
        { type: "submit", text: "one" },
        { type: "submit", text: "two" },
      ],
    });
  });

  it("loses its last character to backspace, and nothing when it is empty", () => {
    expect(line("ab", BACKSPACE).text).toBe("a");
    expect(line(BACKSPACE)).toEqual(EMPTY);
  });

  it("treats a character outside of the basic plane as one", () => {
    expect(line("a🙂", BACKSPACE).text).toBe("a");
    expect(line("a🙂", LEFT, "b").text).toBe("ab🙂");
  });

  it("is edited in its middle", () => {
    expect(line("ac", LEFT, "b")).toEqual({ text: "abc", cursor: 2 });
    expect(line("abc", "\x1b[H", "\x1b[3~", RIGHT, "x").text).toBe("bxc");
    expect(line("abc", "\x01", "x", "\x05", "y").text).toBe("xabcy");
  });

  it("is cut by Ctrl+U, Ctrl+K and Ctrl+W", () => {
    expect(line("one two", "\x15")).toEqual(EMPTY);
    expect(line("one two", LEFT, LEFT, "\x0b").text).toBe("one t");
    expect(line("one two ", "\x17").text).toBe("one ");
  });

  it("is dropped by Ctrl+C", () => {
    expect(edit(line("abc"), "\x03")).toEqual({ draft: EMPTY, actions: [{ type: "interrupt" }] });
  });

  it("is handed over unfinished by Ctrl+D", () => {
    expect(edit(EMPTY, "\x04").actions).toEqual([{ type: "eof", rest: "" }]);
    expect(edit(line("ab"), "\x04").actions).toEqual([{ type: "eof", rest: "ab" }]);
  });

  it("takes no keys that mean nothing on a line", () => {
    expect(line("a", "\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1b", "\x00", "b").text).toBe("ab");
  });

  it("keeps a tab that was pasted", () => {
    expect(line("a\tb").text).toBe("a\tb");
  });

  it("passes on the terminal's own answers", () => {
    expect(edit(line("ab"), "\x1b[12;1R")).toEqual({
      draft: { text: "ab", cursor: 2 },
      actions: [{ type: "reply", data: "\x1b[12;1R" }],
    });
  });
});
