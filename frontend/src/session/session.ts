// One person's runs: joins the socket to the reducer. Frames are gathered and reduced once per
// animation frame, so that a program that floods its output costs the page one update, not thousands.

import type { ClientMessage, Output } from "../protocol";
import type { SessionEvent } from "./events";
import { initialState, isLive, reduceBatch, type SessionState } from "./reducer";
import type { OpenSocket, Socket } from "./socket";

export interface Program {
  readonly language: string;
  readonly code: string;
  readonly cols: number;
  readonly rows: number;
}

/** Calls back once, soon; returns what calls that off. */
export type Schedule = (callback: () => void) => () => void;

// A hidden tab gets no animation frames, and must still hear that its program ended.
const HIDDEN_TAB_MS = 100;

export const nextFrame: Schedule = (callback) => {
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const once = () => {
    cancel();
    callback();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_TAB_MS);
  return cancel;
};

export class Session {
  private state: SessionState = initialState;
  private readonly listeners = new Set<() => void>();
  private pending: SessionEvent[] = [];
  private cancelFlush: (() => void) | null = null;
  private socket: Socket | null = null;

  constructor(
    private readonly open: OpenSocket,
    private readonly schedule: Schedule = nextFrame,
  ) {}

  readonly getState = (): SessionState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly execute = (program: Program): void => {
    if (isLive(this.state)) return;
    this.letGo();
    this.now({ type: "run", language: program.language });
    // A socket that was let go may still speak; only the current one is heard.
    const heard = (event: SessionEvent) => {
      if (this.socket === socket) this.later(event);
    };
    const socket: Socket = this.open({
      opened: () => socket.send({ type: "execute", ...program }),
      received: heard,
      closed: (code, wasOpen) => heard({ type: "closed", code, wasOpen }),
    });
    this.socket = socket;
  };

  /** One line for the program. */
  readonly sendInput = (text: string): void => {
    if (!this.send({ type: "input_response", data: text })) return;
    this.now({ type: "answered", text: `${text}\n` });
  };

  /** Keys exactly as typed, for a program that reads them one by one. */
  readonly sendKeys = (data: string): void => {
    this.send({ type: "stdin", data });
  };

  readonly interrupt = (): void => {
    if (!this.send({ type: "stdin", data: "\u0003" })) return;
    this.now({ type: "typed", text: "^C\n" });
  };

  /** End of input; `rest` is what was typed on the line before it. */
  readonly sendEof = (rest: string): void => {
    if (rest !== "" && this.send({ type: "stdin", data: rest })) {
      this.now({ type: "typed", text: rest });
    }
    this.send({ type: "eof" });
  };

  readonly resize = (cols: number, rows: number): void => {
    this.send({ type: "resize", cols, rows });
  };

  /** Asks the server to end the program. Asked again, or before there is one, lets go of it. */
  readonly stop = (): void => {
    if (!isLive(this.state)) return;
    const letGo = this.state.stopping || this.state.jobId === null;
    this.now({ type: "stop" });
    if (!letGo) {
      this.send({ type: "cancel" });
      return;
    }
    this.send({ type: "cancel" });
    this.letGo();
    this.now({ type: "closed", code: 1000, wasOpen: true });
  };

  readonly dismiss = (): void => this.now({ type: "dismiss" });

  readonly dispose = (): void => this.letGo();

  private letGo(): void {
    this.socket?.close();
    this.socket = null;
    this.pending = [];
  }

  private send(message: ClientMessage): boolean {
    if (this.socket === null || !isLive(this.state)) return false;
    this.socket.send(message);
    return true;
  }

  private later(event: SessionEvent): void {
    this.pending.push(event);
    this.cancelFlush ??= this.schedule(this.flush);
  }

  /** What the person does is shown at once, after all that arrived before it. */
  private now(event: SessionEvent): void {
    this.pending.push(event);
    this.flush();
  }

  private readonly flush = (): void => {
    this.cancelFlush?.();
    this.cancelFlush = null;
    const events = joined(this.pending);
    this.pending = [];
    if (events.length === 0) return;
    this.state = reduceBatch(this.state, events);
    for (const listener of this.listeners) listener();
  };
}

/** Neighbouring text of one stream as one event: a flood arrives in many small frames. */
export function joined(events: readonly SessionEvent[]): SessionEvent[] {
  const result: SessionEvent[] = [];
  let parts: string[] = [];
  let first: Output | null = null;
  const close = () => {
    if (first !== null) result.push({ ...first, data: parts.join("") });
    first = null;
    parts = [];
  };
  for (const event of events) {
    if (event.type !== "output" || event.encoding === "base64") {
      close();
      result.push(event);
      continue;
    }
    if (first === null || first.stream !== event.stream || first.stage !== event.stage) {
      close();
      first = event;
    }
    parts.push(event.data);
  }
  close();
  return result;
}
