// What the page knows about a run. Pure: events in, state out; nothing here touches a socket.

import {
  CLOSE_CODES,
  type Complete,
  type Error as ErrorMessage,
  type InputGiven,
} from "../protocol";
import { CONNECTION_LOST, closeWords, endLine, GONE, type LivePhase, words } from "../words";
import { bytesOf } from "./base64";
import { diagnosticsOf } from "./diagnostics";
import type { SessionEvent } from "./events";
import { NOTHING, type OutputFacts } from "./outputBytes";
import { type Place, tracesOf } from "./traces";

export type LineKind = "stdout" | "stderr" | "input" | "system";

/** A piece of the terminal, painted by its kind. `id` counts pieces without holes. */
export interface OutputLine {
  readonly id: number;
  readonly kind: LineKind;
  readonly data: string | Uint8Array;
}

export interface Question {
  readonly prompt: string;
  readonly echo: boolean;
  readonly raw: boolean;
  /** When the server waits no longer, in ms since the epoch; null where nobody knows. */
  readonly until: number | null;
}

export interface Problem {
  readonly message: string;
  readonly details: readonly Place[];
}

export type Phase = LivePhase | "ended";

/**
 * How the connection to a live run stands. `dropped` is a moment, which nobody needs to be told of;
 * `away` lasts; `back` is `up` for who was told; `given_up` waits for the person.
 */
export type Link = "up" | "dropped" | "away" | "given_up" | "back";

export interface SessionState {
  readonly phase: Phase;
  readonly link: Link;
  readonly language: string;
  readonly version: string;
  /** All its input was given beforehand: it runs on pipes, and nothing can be typed. */
  readonly isBatch: boolean;
  readonly jobId: string | null;
  /** Somebody else's, who shares it by a link. */
  readonly isWatched: boolean;
  /** Whether the program takes what is typed here: as long as its owner lets one. */
  readonly mayType: boolean;
  readonly queuePosition: number | null;
  readonly stopping: boolean;
  /** The open question, or null while the program does not wait. */
  readonly question: Question | null;
  /** How the last question wanted its keys; what is typed ahead is handled the same way. */
  readonly keys: { readonly echo: boolean; readonly raw: boolean };
  readonly outputLines: readonly OutputLine[];
  /** The last event that the server's part of it is from. */
  readonly seq: number;
  /** How much of its standard output can be saved. */
  readonly stdout: OutputFacts;
  readonly nextId: number;
  /** The server no longer has it. */
  readonly isGone: boolean;
  /** Changes when the terminal must start empty. */
  readonly screen: number;
  readonly result: Complete | null;
  readonly problem: Problem | null;
}

// Enough for a terminal that mounts late; what it has already drawn lives in its own scrollback.
export const WINDOW_CHARS = 256 * 1024;

// By this try a second or two have gone by.
const AWAY_ATTEMPT = 4;

const LINE_MODE = { echo: true, raw: false };

export const initialState: SessionState = {
  phase: "idle",
  link: "up",
  language: "",
  version: "",
  isBatch: false,
  jobId: null,
  isWatched: false,
  mayType: true,
  queuePosition: null,
  stopping: false,
  question: null,
  keys: LINE_MODE,
  outputLines: [],
  seq: 0,
  stdout: NOTHING,
  nextId: 1,
  isGone: false,
  screen: 0,
  result: null,
  problem: null,
};

export function isLive(state: SessionState): boolean {
  return state.phase !== "idle" && state.phase !== "ended";
}

/** All that arrived within one frame. No piece of this batch or the last is trimmed. */
export function reduceBatch(state: SessionState, events: readonly SessionEvent[]): SessionState {
  const after = events.reduce((now, event) => withSeq(reduce(now, event), event), state);
  const previous = state.outputLines.at(-1)?.id ?? 0;
  return { ...after, outputLines: trimmed(after.outputLines, previous) };
}

export function reduce(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case "run":
      return {
        ...initialState,
        phase: "connecting",
        language: event.language,
        isBatch: event.isBatch,
        nextId: state.nextId,
        screen: state.screen + 1,
      };
    case "found": {
      const { jobId, isWatched = false } = event;
      // Who watches may type once the server says so.
      return { ...reduce(state, { ...event, type: "run" }), jobId, isWatched, mayType: !isWatched };
    }
    case "accepted":
      return {
        ...state,
        jobId: event.job_id,
        language: event.language,
        version: event.version,
        mayType: event.may_type !== false,
        link: state.link === "away" || state.link === "given_up" ? "back" : "up",
        problem: state.link === "given_up" ? null : state.problem,
      };
    case "access":
      return { ...state, mayType: event.may_type };
    case "input_given":
      return echoed(state, shownInput(event));
    case "status":
      return onStatus(state, event.status, event.queue_position ?? null);
    case "queue_place":
      return { ...state, queuePosition: event.ahead };
    case "output":
      return withLine(
        event.stage === "run" && state.phase === "compiling" ? running(state) : state,
        event.stream,
        event.encoding === "base64" ? bytesOf(event.data) : event.data,
      );
    case "input_request": {
      const keys = { echo: event.echo !== false, raw: event.raw === true };
      const question = { prompt: event.prompt, ...keys, until: event.until ?? null };
      return { ...state, phase: "waiting", keys, question };
    }
    case "input_closed":
      return running(state);
    case "answered":
      return echoed(running(state), event.text);
    case "typed":
      return echoed(state, event.text);
    case "restarted":
      return withLine(
        { ...running(state), outputLines: [], keys: LINE_MODE, screen: state.screen + 1 },
        "system",
        words.restarted(event.reason),
      );
    case "gap":
      return withLine(state, "system", words.gap(event.reason));
    case "complete": {
      const cut = event.truncated ? withLine(state, "system", words.outputIsCut) : state;
      // Who has pressed Stop knows why it ended.
      const isAsked = state.stopping && event.status === "cancelled";
      const wrong = isAsked ? null : whatWentWrong(event, state.outputLines);
      const problem = state.problem ?? wrong;
      return withLine({ ...ended(cut), result: event, problem }, "system", endLine(event));
    }
    case "error":
      return {
        ...(state.jobId === null ? ended(state) : state),
        problem: refusal(event),
      };
    case "stop":
      return { ...state, stopping: true };
    case "closed":
      if (!isLive(state)) return state;
      if (state.stopping && state.jobId === null) return { ...ended(state), phase: "idle" };
      return {
        ...(state.jobId === null ? ended(state) : cutOff(state, event.code)),
        problem: sentence(closeWords(event.code, event.wasOpen)),
      };
    case "dropped": {
      // What the server said as it went is no longer true, or said by the words for this.
      const link = event.attempt < AWAY_ATTEMPT ? "dropped" : "away";
      return isLive(state) ? { ...state, link, problem: null } : state;
    }
    case "given_up":
      return { ...state, link: "given_up", problem: sentence(words.givenUp) };
    case "typed_is_cut":
      return withLine(state, "system", words.typedIsCut);
    case "dismiss":
      return { ...state, problem: null };
  }
}

function onStatus(
  state: SessionState,
  status: "queued" | "compiling" | "running" | "waiting_for_input",
  queuePosition: number | null,
): SessionState {
  switch (status) {
    case "queued":
      return { ...state, phase: "queued", queuePosition };
    case "compiling":
      return withLine({ ...state, phase: "compiling" }, "system", words.compiling);
    case "running":
      return running(state);
    case "waiting_for_input":
      return { ...state, phase: "waiting" };
  }
}

/** What others typed, as a terminal shows it. */
function shownInput({ data, encoding }: InputGiven): string {
  const text = encoding === "base64" ? new TextDecoder().decode(bytesOf(data)) : data;
  return text.replaceAll("\u0003", "^C\n").replace(/[^\P{Cc}\n\t]/gu, "");
}

/** The terminal does not echo (the server switched that off), so the page shows what was typed. */
function echoed(state: SessionState, text: string): SessionState {
  return state.keys.echo && !state.keys.raw ? withLine(state, "input", text) : state;
}

function running(state: SessionState): SessionState {
  return { ...state, phase: "running", question: null };
}

function ended(state: SessionState): SessionState {
  return { ...state, phase: "ended", link: "up", question: null, stopping: false };
}

function cutOff(state: SessionState, code: number): SessionState {
  const isGone = code === CLOSE_CODES.NO_SUCH_JOB;
  return withLine({ ...ended(state), isGone }, "system", isGone ? GONE : CONNECTION_LOST);
}

/** With its places listed below it, a refusal need not tell the first one twice. */
function refusal(event: ErrorMessage): Problem {
  const details = event.details ?? [];
  const listed = event.code === "rejected" && details.length > 0;
  return { message: listed ? words.rejected : event.message, details };
}

function whatWentWrong(complete: Complete, lines: readonly OutputLine[]): Problem | null {
  const problem = sentence(complete.message ?? "");
  if (complete.status === "compile_error") {
    return problem && { ...problem, details: diagnosticsOf(textOf(lines, "stdout", "stderr")) };
  }
  if (complete.status === "rejected" || !complete.exit_code) return problem;
  const details = tracesOf(textOf(lines, "stderr"));
  return details.length === 0 ? problem : { message: words.failedAt, ...problem, details };
}

function textOf(lines: readonly OutputLine[], ...kinds: LineKind[]): string {
  return lines
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ data }) => (typeof data === "string" ? data : new TextDecoder().decode(data)))
    .join("");
}

function sentence(message: string): Problem | null {
  return message === "" ? null : { message, details: [] };
}

function withSeq(state: SessionState, event: SessionEvent): SessionState {
  return "seq" in event && event.seq !== undefined ? { ...state, seq: event.seq } : state;
}

function withLine(state: SessionState, kind: LineKind, data: string | Uint8Array): SessionState {
  const line = { id: state.nextId, kind, data };
  return { ...state, outputLines: [...state.outputLines, line], nextId: state.nextId + 1 };
}

function trimmed(lines: readonly OutputLine[], previous: number): readonly OutputLine[] {
  let total = 0;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index];
    if (line === undefined) break;
    total += line.data.length;
    if (total > WINDOW_CHARS && line.id < previous) return lines.slice(index + 1);
  }
  return lines;
}
