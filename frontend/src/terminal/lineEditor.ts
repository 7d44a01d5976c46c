// The line that a person is typing in the terminal. The server's terminal does not echo, so this
// page does what a kernel's line discipline does: echo, erase, and hand over whole lines. Pure.

export interface Draft {
  readonly text: string;
  /** In UTF-16 units, never inside a character. */
  readonly cursor: number;
}

export type LineAction =
  | { readonly type: "submit"; readonly text: string }
  | { readonly type: "interrupt" }
  | { readonly type: "eof"; readonly rest: string }
  /** Not typed: the terminal's own answer to a program that asked it something. */
  | { readonly type: "reply"; readonly data: string };

export interface Edited {
  readonly draft: Draft;
  readonly actions: readonly LineAction[];
}

/** What was typed before (-1) or after (1) it. */
export type Recall = (draft: Draft, by: -1 | 1) => Draft;

export const EMPTY: Draft = { text: "", cursor: 0 };

// One key or one character: a control sequence, or a whole code point.
const KEYS = /\x1b\[[0-9;?>]*[ -/]*[@-~]|\x1bO[A-Za-z]|\x1b.?|\r\n|[\s\S]/gu;
// The arrow keys in both of their modes, and Ctrl-P and Ctrl-N.
const OLDER = new Set(["\x1b[A", "\x1bOA", "\x10"]);
const NEWER = new Set(["\x1b[B", "\x1bOB", "\x0e"]);
// Device attributes, device status, cursor position.
const REPLY = /^\x1b\[[?>]?[0-9;]*[cnR]$/;

/** `data` is what xterm calls it: keys as bytes of a terminal, pasted text included. */
export function edit(draft: Draft, data: string, recall: Recall = (same) => same): Edited {
  const actions: LineAction[] = [];
  let current = draft;
  for (const key of data.match(KEYS) ?? []) {
    if (REPLY.test(key)) actions.push({ type: "reply", data: key });
    else if (key === "\r" || key === "\n" || key === "\r\n") {
      actions.push({ type: "submit", text: current.text });
      current = EMPTY;
    } else if (key === "\x03") {
      actions.push({ type: "interrupt" });
      current = EMPTY;
    } else if (key === "\x04") {
      actions.push({ type: "eof", rest: current.text });
      current = EMPTY;
    } else if (OLDER.has(key)) current = recall(current, -1);
    else if (NEWER.has(key)) current = recall(current, 1);
    else current = pressed(current, key);
  }
  return { draft: current, actions };
}

function pressed(draft: Draft, key: string): Draft {
  const { text, cursor } = draft;
  switch (key) {
    case "\x7f":
    case "\b":
      return cut(text, before(text, cursor), cursor);
    case "\x1b[3~":
      return cut(text, cursor, after(text, cursor));
    case "\x15":
      return cut(text, 0, cursor);
    case "\x0b":
      return cut(text, cursor, text.length);
    case "\x17":
      return cut(text, text.slice(0, cursor).search(/\S*\s*$/u), cursor);
    case "\x1b[D":
    case "\x1bOD":
    case "\x02":
      return { text, cursor: before(text, cursor) };
    case "\x1b[C":
    case "\x1bOC":
    case "\x06":
      return { text, cursor: after(text, cursor) };
    case "\x1b[H":
    case "\x1bOH":
    case "\x01":
      return { text, cursor: 0 };
    case "\x1b[F":
    case "\x1bOF":
    case "\x05":
      return { text, cursor: text.length };
    default:
      return /^[\x00-\x08\x0a-\x1f]/.test(key)
        ? draft
        : { text: text.slice(0, cursor) + key + text.slice(cursor), cursor: cursor + key.length };
  }
}

function cut(text: string, from: number, to: number): Draft {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

function before(text: string, cursor: number): number {
  const last = Array.from(text.slice(0, cursor)).at(-1);
  return cursor - (last?.length ?? 0);
}

function after(text: string, cursor: number): number {
  const [next] = Array.from(text.slice(cursor));
  return cursor + (next?.length ?? 0);
}
