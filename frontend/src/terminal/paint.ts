// How each kind of output looks: by colour, and by weight, slant or a mark as well. Pure.
//
// An unfinished line on stderr is held for a moment: CPython's input() writes its prompt there, and
// a question must not look like an error. It is painted as an error once its newline is there.

import type { OutputLine } from "../session/reducer";

export type Painted = string | Uint8Array;

export interface Brush {
  /** The unfinished line of stderr that is not drawn yet. */
  readonly held: string;
  readonly atLineStart: boolean;
}

export const FRESH: Brush = { held: "", atLineStart: true };

// Only what was set is reset, so that a program's own colours on the other stream go on.
const STYLES = {
  stderr: ["\x1b[31;3m", "\x1b[39;23m"],
  input: ["\x1b[34;1m", "\x1b[39;22m"],
  system: ["\x1b[90;3m", "\x1b[39;23m"],
} as const;

// A program may end on the alternate screen, with the cursor hidden, colours or mouse reports on.
// 1047 and not 1049, which would put the cursor where it was last saved.
const RESTORED = "\x1b[?1047l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?2004l\x1b[?1l\x1b[0m";

export function paint(brush: Brush, line: OutputLine): [Brush, Painted[]] {
  const { data } = line;
  if (line.kind === "stderr" && typeof data === "string") return paintError(brush, data);
  if (line.kind === "system") return paintNote(brush, typeof data === "string" ? data : "");
  const [free, out] = release(brush);
  if (line.kind === "input") out.push(styled("input", String(data)));
  else out.push(data);
  return [{ ...free, atLineStart: endsLine(data, free.atLineStart) }, out];
}

/** Draws what was held, plainly: it was a question, or another stream went on writing. */
export function release(brush: Brush): [Brush, Painted[]] {
  if (brush.held === "") return [brush, []];
  return [{ held: "", atLineStart: false }, [brush.held]];
}

function paintError(brush: Brush, data: string): [Brush, Painted[]] {
  const text = brush.held + data;
  const end = text.lastIndexOf("\n") + 1;
  if (end === 0) return [{ ...brush, held: text }, []];
  return [{ held: text.slice(end), atLineStart: true }, [styled("stderr", text.slice(0, end))]];
}

function paintNote(brush: Brush, text: string): [Brush, Painted[]] {
  const out: Painted[] = [];
  if (brush.held !== "") out.push(styled("stderr", brush.held));
  const fresh = brush.held === "" && brush.atLineStart;
  out.push(RESTORED, fresh ? "" : "\n", styled("system", `── ${text}`), "\n");
  return [FRESH, out];
}

function styled(style: keyof typeof STYLES, text: string): string {
  const [on, off] = STYLES[style];
  return on + text + off;
}

function endsLine(data: Painted, before: boolean): boolean {
  if (data.length === 0) return before;
  return typeof data === "string" ? data.endsWith("\n") : data.at(-1) === 0x0a;
}
