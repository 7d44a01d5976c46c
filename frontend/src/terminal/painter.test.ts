import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LineKind, OutputLine } from "../session/reducer";
import type { Painted } from "./paint";
import { Painter, type Screen } from "./painter";

const ERROR = "\x1b[31;3m";
const INPUT = "\x1b[34;1m";

/** Takes what is written and says that it is parsed when it is told to. */
class Paper implements Screen {
  text = "";
  private waiting: (() => void)[] = [];

  write(data: Painted, done?: () => void): void {
    this.text += typeof data === "string" ? data : new TextDecoder().decode(data);
    if (done !== undefined) this.waiting.push(done);
  }

  parsed(): void {
    while (this.waiting.length > 0) for (const done of this.waiting.splice(0)) done();
  }

  /** What came since the last look. */
  taken(): string {
    this.parsed();
    const text = this.text;
    this.text = "";
    return text;
  }
}

let paper: Paper;
let painter: Painter;
let id = 0;

const piece = (kind: LineKind, data: string | Uint8Array): OutputLine => {
  id += 1;
  return { id, kind, data };
};

beforeEach(() => {
  vi.useFakeTimers();
  paper = new Paper();
  painter = new Painter(paper);
});

afterEach(() => {
  painter.dispose();
  vi.useRealTimers();
});

describe("the terminal's painter", () => {
  it("writes each piece once, however often it is shown it", () => {
    const lines = [piece("stdout", "a"), piece("stdout", "b")];
    painter.append(lines);
    painter.append([...lines, piece("stdout", "c")]);
    expect(paper.taken()).toBe("abc");
  });

  it("says up to which event all is parsed, and not before", () => {
    const told: number[] = [];
    painter = new Painter(paper, (seq) => told.push(seq));
    painter.append([piece("stdout", "x".repeat(100_000))], 7);
    painter.append([], 8);
    expect(told).toEqual([]);
    paper.parsed();
    expect(told).toEqual([8]);
    painter.append([], 9);
    expect(told).toEqual([8, 9]);
  });

  it("says nothing of what was there before it began anew", () => {
    const told: number[] = [];
    painter = new Painter(paper, (seq) => told.push(seq));
    painter.append([piece("stdout", "old")], 7);
    painter.reset();
    painter.append([piece("stdout", "new")], 1);
    paper.parsed();
    expect(told).toEqual([1]);
  });

  it("says of what it skipped that it has been dealt with", () => {
    const told: number[] = [];
    painter = new Painter(paper, (seq) => told.push(seq));
    for (let seq = 1; seq <= 6; seq += 1)
      painter.append([piece("stdout", "x".repeat(2 ** 20))], seq);
    paper.parsed();
    expect(told.at(-1)).toBe(6);
  });

  it("paints a finished line of stderr as an error", () => {
    painter.append([piece("stderr", "Traceback\n")]);
    expect(paper.taken()).toBe(`${ERROR}Traceback\n\x1b[39;23m`);
  });

  it("paints an error that came in two pieces as one", () => {
    painter.append([piece("stderr", "Trace")]);
    expect(paper.taken()).toBe("");
    painter.append([piece("stderr", "back\n")]);
    expect(paper.taken()).toBe(`${ERROR}Traceback\n\x1b[39;23m`);
  });

  it("shows a question on stderr plainly as soon as the program waits", () => {
    painter.append([piece("stderr", "Name? ")]);
    painter.releaseHeld();
    expect(paper.taken()).toBe("Name? ");
  });

  it("shows an unfinished line plainly when nothing follows it for a moment", () => {
    painter.append([piece("stderr", "50 %")]);
    vi.advanceTimersByTime(100);
    expect(paper.taken()).toBe("50 %");
  });

  it("keeps the order of the streams when stdout follows an unfinished line of stderr", () => {
    painter.append([piece("stderr", "Name? "), piece("stdout", "x")]);
    expect(paper.taken()).toBe("Name? x");
  });

  it("paints what a program left unfinished on stderr as an error when it ends", () => {
    painter.append([piece("stderr", "fatal"), piece("system", "Finished")]);
    const text = paper.taken();
    expect(text).toContain(`${ERROR}fatal`);
    expect(text).toMatch(/\n.*── Finished/);
  });

  it("starts a note on a line of its own, and only then a new one", () => {
    painter.append([piece("stdout", "a\n"), piece("system", "one")]);
    expect(paper.taken()).not.toContain("a\n\n");
    painter.append([piece("stdout", "b"), piece("system", "two")]);
    expect(paper.taken()).toMatch(/^b[^\n]*\n[^\n]*── two/);
  });

  it("writes bytes as bytes, half a character too", () => {
    const written = vi.spyOn(paper, "write");
    const half = Uint8Array.of(0xe2, 0x9c);
    painter.append([piece("stdout", half)]);
    expect(written).toHaveBeenCalledWith(half);
  });

  it("draws the line being typed after the output, and again after more of it", () => {
    painter.append([piece("stdout", "Name? ")]);
    painter.setDraft({ text: "Ad", cursor: 2 });
    expect(paper.taken()).toBe(`Name? \x1b7${INPUT}Ad\x1b[39;22m`);
    painter.append([piece("stdout", "tick\n")]);
    expect(paper.taken()).toBe(`\x1b8\x1b[Jtick\n\x1b7${INPUT}Ad\x1b[39;22m`);
    painter.setDraft(null);
    expect(paper.taken()).toBe("\x1b8\x1b[J");
  });

  it("hands a flood over in bites, and waits for each to be parsed", () => {
    painter.append([piece("stdout", "x".repeat(300_000))]);
    expect(paper.text.length).toBeLessThan(100_000);
    paper.parsed();
    expect(paper.text.length).toBe(300_000);
  });

  it("never cuts a character in two", () => {
    painter.append([piece("stdout", `x${"🙂".repeat(100_000)}`)]);
    expect(paper.text.at(-1)).toBe("🙂".at(-1));
    expect(paper.taken()).toBe(`x${"🙂".repeat(100_000)}`);
  });

  it("skips the oldest of what it cannot show in time, and says so", () => {
    for (let count = 0; count < 20; count += 1)
      painter.append([piece("stdout", "y".repeat(1_000_000))]);
    painter.append([piece("stdout", "the end")]);
    const text = paper.taken();
    expect(text).toMatch(/MB of output not shown/);
    expect(text.length).toBeLessThan(6_000_000);
    expect(text.endsWith("the end")).toBe(true);
  });

  it("starts again on an empty screen after all that was written before", () => {
    painter.append([piece("stdout", "old")]);
    painter.reset();
    painter.append([piece("stdout", "new")]);
    expect(paper.taken()).toBe("old\x1bc\x1b[?1047l\x1b[?25hnew");
  });
});
