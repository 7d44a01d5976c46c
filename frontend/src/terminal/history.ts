// What a person typed before, kept for each language: the arrow keys walk through it, as in a shell.

import { ofBrowser, parsed, read, store } from "../storage";
import { type Draft, EMPTY } from "./lineEditor";

export interface HistoryStore {
  load(language: string): readonly string[];
  save(language: string, lines: readonly string[]): void;
}

const MOST_LINES = 200;
// A pasted text is no line that anybody looks for again.
const MOST_CHARS = 1000;

/** One walk through the lines of one language, from the newest back. */
export class InputHistory {
  private lines: readonly string[];
  /** Where the walk is; at the end is the line that was being written when it began. */
  private at: number;
  private own: Draft = EMPTY;

  constructor(
    private readonly language: string,
    private readonly store: HistoryStore,
  ) {
    this.lines = store.load(language);
    this.at = this.lines.length;
  }

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** The line was sent. `isKept` is false for what nobody is to see again, such as a password. */
  sent(line: string, isKept: boolean): void {
    if (isKept) {
      // Another tab may have added to it since.
      const stored = this.store.load(this.language);
      this.lines = withLine(stored.length > 0 ? stored : this.lines, line);
      this.store.save(this.language, this.lines);
    }
    this.at = this.lines.length;
    this.own = EMPTY;
  }

  /** The line before (-1) or after (1) the one that `draft` shows; `draft` itself at the ends. */
  step(draft: Draft, by: -1 | 1): Draft {
    const next = this.at + by;
    if (next < 0 || next > this.lines.length) return draft;
    if (this.at === this.lines.length) this.own = draft;
    this.at = next;
    const text = this.lines[next];
    return text === undefined ? this.own : { text, cursor: text.length };
  }
}

/** A line that is there already moves to the end. */
export function withLine(lines: readonly string[], line: string): readonly string[] {
  if (line.trim() === "" || line.length > MOST_CHARS) return lines;
  return [...lines.filter((other) => other !== line), line].slice(-MOST_LINES);
}

const key = (language: string) => `codr:inputs:${language}`;

export const localHistory: HistoryStore = {
  load(language) {
    const value = parsed(read(ofBrowser, key(language)));
    return Array.isArray(value) ? value.filter((line) => typeof line === "string") : [];
  },
  save(language, lines) {
    // Where it is not kept, a reload forgets it, and nothing else is different.
    store(ofBrowser, key(language), JSON.stringify(lines));
  },
};
