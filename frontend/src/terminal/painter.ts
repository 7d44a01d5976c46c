// Feeds the terminal: output in bounded bites, with the line being typed always drawn after it.

import type { OutputLine } from "../session/reducer";
import { words } from "../words";
import type { Draft } from "./lineEditor";
import { type Brush, FRESH, type Painted, paint, release } from "./paint";

/** What is needed of xterm. `done` is called when the bite was parsed. */
export interface Screen {
  write(data: Painted, done?: () => void): void;
}

// xterm parses a bite of this size in a few milliseconds, so the page stays quick in a flood.
const BITE = 64 * 1024;
// Far more than its scrollback can show. Past it the oldest is skipped, and that is said.
const BACKLOG = 4 * 1024 * 1024;
// A newline that follows a prompt-like start arrives well within this; a question does not.
const HOLD_MS = 40;

// xterm leaves a hidden cursor hidden when it is reset, and draws none before its first focus, which
// a phone's input line never gives it, or its first return from the alternate screen.
const FULL_RESET = "\x1bc\x1b[?1047l\x1b[?25h";
const HIDE_CURSOR = "\x1b[?25l";
const SAVE = "\x1b7";
const RESTORE = "\x1b8";
const ERASE_BELOW = "\x1b[J";

export class Painter {
  private brush: Brush = FRESH;
  private backlog: Painted[] = [];
  private backlogSize = 0;
  private skipped = 0;
  private writing = false;
  private lastId = 0;
  private draft: Draft | null = null;
  private drawn: Draft | null = null;
  private holding: ReturnType<typeof setTimeout> | undefined;
  /** In characters since the page was opened: what was ever queued, and parsed or skipped. */
  private queued = 0;
  private parsed = 0;
  private marks: { readonly seq: number; readonly at: number }[] = [];

  /** `onDrawn` is told up to which event all is on the screen. */
  constructor(
    private readonly screen: Screen,
    private readonly onDrawn: (seq: number) => void = () => {},
  ) {}

  /** Starts empty; pieces that were already drawn are not drawn again. */
  reset(): void {
    clearTimeout(this.holding);
    this.brush = FRESH;
    // Written, not called: bites that xterm has not parsed yet must not land after it.
    this.backlog = [FULL_RESET];
    this.backlogSize = FULL_RESET.length;
    this.queued += FULL_RESET.length;
    this.marks = [];
    this.skipped = 0;
    this.drawn = null;
    this.pump();
  }

  /** Draws the pieces that it has not drawn yet, which are of the events up to `seq`. */
  append(lines: readonly OutputLine[], seq = 0): void {
    const fresh = lines.filter((line) => line.id > this.lastId);
    for (const line of fresh) this.queue(paint(this.brush, line));
    if (seq > 0) this.marks.push({ seq, at: this.queued });
    if (fresh.length > 0) {
      this.lastId = fresh.at(-1)?.id ?? this.lastId;
      clearTimeout(this.holding);
      if (this.brush.held !== "") this.holding = setTimeout(() => this.releaseHeld(), HOLD_MS);
    }
    this.pump();
    if (!this.writing) this.tell();
  }

  /** The program waits: what is held is its question. */
  releaseHeld(): void {
    clearTimeout(this.holding);
    this.queue(release(this.brush));
    this.pump();
  }

  /** Nothing is read any more, and no cursor says otherwise. The next reset shows it again. */
  end(): void {
    this.queue([this.brush, [HIDE_CURSOR]]);
    this.pump();
  }

  /** The line being typed, or null where none is to be seen. */
  setDraft(draft: Draft | null): void {
    this.draft = draft?.text === "" ? null : draft;
    this.pump();
  }

  dispose(): void {
    clearTimeout(this.holding);
  }

  private queue([brush, painted]: [Brush, Painted[]]): void {
    this.brush = brush;
    for (const piece of painted) {
      this.backlog.push(piece);
      this.backlogSize += piece.length;
      this.queued += piece.length;
    }
    while (this.backlogSize > BACKLOG && this.backlog.length > 1) {
      const size = this.backlog.shift()?.length ?? 0;
      this.backlogSize -= size;
      this.skipped += size;
    }
  }

  private pump(): void {
    if (this.writing || (this.backlog.length === 0 && this.drawn === this.draft)) return;
    if (this.drawn !== null) this.screen.write(RESTORE + ERASE_BELOW);
    if (this.skipped > 0) {
      this.screen.write(`\x1b[0m\n── ${words.skippedOutput(this.skipped)}\n`);
      this.skipped = 0;
    }
    for (let size = 0; size < BITE; ) {
      const piece = this.bite();
      if (piece === undefined) break;
      size += piece.length;
      this.screen.write(piece);
    }
    this.drawn = this.draft;
    this.writing = true;
    const upTo = this.queued - this.backlogSize;
    this.screen.write(this.drawn === null ? "" : drawing(this.drawn), () => {
      this.writing = false;
      this.parsed = upTo;
      this.tell();
      this.pump();
    });
  }

  private tell(): void {
    let last = 0;
    for (let mark = this.marks[0]; mark !== undefined && mark.at <= this.parsed; ) {
      last = mark.seq;
      this.marks.shift();
      mark = this.marks[0];
    }
    if (last > 0) this.onDrawn(last);
  }

  private bite(): Painted | undefined {
    const piece = this.backlog.shift();
    if (piece === undefined) return undefined;
    const taken = piece.length > BITE ? cutAt(piece, BITE) : piece;
    if (taken.length < piece.length) this.backlog.unshift(piece.slice(taken.length));
    this.backlogSize -= taken.length;
    return taken;
  }
}

/** Text and cursor without counting columns: the text once, then again up to the cursor. */
function drawing(draft: Draft): string {
  const all = `${SAVE}\x1b[34;1m${visible(draft.text)}`;
  if (draft.cursor === draft.text.length) return `${all}\x1b[39;22m`;
  return `${all}${RESTORE}\x1b[34;1m${visible(draft.text.slice(0, draft.cursor))}\x1b[39;22m`;
}

function visible(text: string): string {
  return text.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, "");
}

function cutAt(piece: Painted, size: number): Painted {
  if (typeof piece !== "string") return piece.subarray(0, size);
  // Never between the halves of a surrogate pair.
  const code = piece.charCodeAt(size - 1);
  return piece.slice(0, code >= 0xd800 && code < 0xdc00 ? size - 1 : size);
}
