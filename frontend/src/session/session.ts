// One person's runs: joins the socket to the reducer, and comes back to a run whose socket dropped.
// Frames are gathered and reduced once per animation frame, so that a program that floods its output
// costs the page one update, not thousands.

import {
  type Accepted,
  type Cancel,
  CLOSE_CODES,
  type Eof,
  type Execute,
  type InputRequest,
  type InputResponse,
  type Output,
  type Resize,
  type ServerMessage,
  type SourceFile,
  type Stdin,
} from "../protocol";
import type { Beforehand } from "./beforehand";
import type { Asked, SessionEvent } from "./events";
import { type Input, type KeptRun, type RunStore, type Said, withSaid } from "./keptRun";
import { OutputBytes } from "./outputBytes";
import { GIVE_UP_MS, isRefusal, pauseMs, STEADY_MS, TRY_MS } from "./pauses";
import { initialState, isLive, reduceBatch, type SessionState } from "./reducer";
import type { OpenSocket, Socket } from "./socket";

export interface Program extends Beforehand {
  readonly language: string;
  /** The first one is the program. */
  readonly files: readonly SourceFile[];
  readonly cols: number;
  readonly rows: number;
}

/** A run that is already there. */
export interface Followed {
  readonly jobId: string;
  readonly language: string;
  readonly isBatch: boolean;
  /** Somebody else's, who shares it. */
  readonly isWatched?: boolean;
  /** By which they share it; without one it is shared with this account. */
  readonly link?: string;
}

/** Something that the person gave, until it is known to have arrived. */
interface Given {
  readonly message: Input | Resize | Cancel;
  /** A password is for the program, and for no storage. */
  readonly isSecret: boolean;
}

/** Calls back once, soon; returns what calls that off. */
export type Schedule = (callback: () => void) => () => void;

// A hidden tab gets no animation frames, and must still hear that its program ended.
const HIDDEN_TAB_MS = 100;

// What comes so soon after a socket began to follow a run may be from before it.
const CATCH_UP_MS = 5000;

// The server takes no more names than that.
const MOST_SENDERS = 100;

// As the browser's own code for a connection that is gone.
const NO_ANSWER = 1006;

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
  private readonly stdout = new OutputBytes();
  private cancelFlush: (() => void) | null = null;

  private program: Execute | null = null;
  private kept: KeptRun | null = null;
  /** The last event that was heard, and the last that the server knows to be on the screen. */
  private seq = 0;
  private acked = 0;
  /** The last piece of others' input that the server told of. */
  private toldInput = 0;
  private link = "";
  private isWatched = false;
  /** What was typed before the reload, until the events that it followed have come again. */
  private toShow: Said[] = [];
  /** In order; sent again to whoever has us next, where twice is as good as once. */
  private outbox: Given[] = [];
  /** This page's name for the server, which no other page has: a copied tab counts for itself. For
   * each run another one, so that of an earlier run what was typed here is told too. */
  private sender = randomName();
  private lastInput = 0;

  private socket: Socket | null = null;
  /** Since when the server has us on this socket. */
  private acceptedAt: number | null = null;
  /** This socket follows a run that was there before it. */
  private follows = false;
  private wasReached = false;
  /** Tries to come back, from 1; 0 before the first. */
  private attempt = 0;
  private droppedAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly open: OpenSocket,
    private readonly store: RunStore,
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
    this.keep(null);
    // Sent again after a drop that came before the answer, it starts no second job.
    const request = { flow_control: true, request_id: randomName() };
    this.program = { type: "execute", ...program, ...request, ...this.shows() };
    const isBatch = program.stdin !== undefined;
    this.now({ type: "run", language: program.language, isBatch });
    this.connect();
  };

  /** Finds the run that this tab had before it was reloaded. */
  readonly restore = (): void => {
    const kept = this.store.load();
    if (kept === null || isLive(this.state)) return;
    this.letGo();
    this.kept = kept;
    this.outbox = kept.unsent.map((message) => ({ message, isSecret: false }));
    this.wasReached = true;
    this.rebuild(kept);
    this.connect();
  };

  /** Shows an earlier run, or somebody else's, from its beginning and as it goes on. */
  readonly follow = ({ jobId, language, isBatch, isWatched = false, link = "" }: Followed) => {
    if (isLive(this.state)) return;
    this.letGo();
    this.link = link;
    this.isWatched = isWatched;
    this.keep({ jobId, language, isBatch, over: false, said: [], cut: false, unsent: [] });
    this.wasReached = true;
    if (this.kept !== null) this.rebuild(this.kept);
    this.connect();
  };

  /** One line for the program. */
  readonly sendInput = (text: string): void => {
    if (!this.give({ type: "input_response", data: text })) return;
    this.say("answered", `${text}\n`);
  };

  /** Keys exactly as typed, for a program that reads them one by one. */
  readonly sendKeys = (data: string): void => {
    this.give({ type: "stdin", data });
  };

  readonly interrupt = (): void => {
    // Without a terminal no key becomes a signal. Sent again it would be another one: so only now.
    const isSent = this.state.isBatch
      ? this.socket?.send({ type: "signal", signal: "SIGINT" }) === true
      : this.give({ type: "stdin", data: "\u0003" });
    if (isSent) this.say("typed", "^C\n");
  };

  /** End of input; `rest` is what was typed on the line before it. */
  readonly sendEof = (rest: string): void => {
    if (rest !== "" && this.give({ type: "stdin", data: rest })) this.say("typed", rest);
    this.give({ type: "eof" });
  };

  readonly resize = (cols: number, rows: number): void => {
    if (this.program !== null) this.program = { ...this.program, cols, rows };
    // Of those that wait to be sent only the last matters.
    this.outbox = this.outbox.filter(({ message }) => message.type !== "resize");
    // The program's terminal is its owner's.
    if (!this.state.isWatched) this.send({ type: "resize", cols, rows });
  };

  /** All up to that event is on the screen: a program that floods it is held to its pace. */
  readonly drawn = (seq: number): void => {
    if (seq <= this.acked || this.acceptedAt === null) return;
    if (this.socket?.send({ type: "ack", seq }) === true) this.acked = seq;
  };

  /** Asks the server to end the program. Asked again, or before there is one, lets go of it. */
  readonly stop = (): void => {
    const { stopping, jobId, link } = this.state;
    if (!isLive(this.state)) return;
    this.now({ type: "stop" });
    if (!stopping && jobId !== null && link !== "given_up") {
      this.send({ type: "cancel" });
      return;
    }
    this.socket?.send({ type: "cancel" });
    this.letGo();
    this.keep(null);
    this.now({ type: "closed", code: 1000, wasOpen: true });
  };

  /** The standard output so far, as the bytes that came. */
  readonly savedOutput = (): Blob => this.stdout.blob();

  readonly dismiss = (): void => this.now({ type: "dismiss" });

  /** The network is back, or the person says so. A socket that it had before may be dead. */
  readonly tryAgain = (): void => {
    if (!isLive(this.state) || (this.state.jobId === null && !this.wasReached)) return;
    this.flush();
    this.attempt = 1;
    this.droppedAt = Date.now();
    if (this.state.link === "given_up") this.now({ type: "dropped", attempt: this.attempt });
    this.connect();
  };

  /** The page may go, and come again: what is on its way is not known to have arrived. */
  readonly leave = (): void => this.keepUnsent();

  readonly dispose = (): void => this.letGo();

  // --- the connection ---------------------------------------------------------------------------

  private connect(): void {
    this.hangUp();
    // A socket that was let go may still speak; only the current one is heard.
    const isCurrent = () => this.socket === socket;
    const socket: Socket = this.open({
      opened: () => isCurrent() && this.greet(socket),
      received: (message) => isCurrent() && this.hear(message),
      closed: (code, wasOpen) => isCurrent() && this.closed(code, wasOpen),
    });
    this.socket = socket;
    if (this.wasReached) this.timer = setTimeout(() => this.closed(NO_ANSWER, false), TRY_MS);
  }

  private greet(socket: Socket): void {
    this.wasReached = true;
    const { jobId } = this.state;
    this.follows = jobId !== null;
    if (jobId !== null) {
      const link = this.link === "" ? {} : { link: this.link };
      const told = { after: this.seq, inputs_after: this.toldInput };
      socket.send({ type: "attach", job_id: jobId, ...told, ...link, ...this.shows() });
    } else if (this.program !== null) socket.send(this.program);
  }

  private hear(message: ServerMessage): void {
    if (message.type === "accepted") {
      this.attached(message);
      return;
    }
    if (message.type === "input_accepted") {
      this.arrived(message.sender, message.input_id);
      return;
    }
    if (message.type === "input_given") this.toldInput = message.number;
    else if (message.type === "error") this.arrived(message.sender, message.input_id);
    else if ("seq" in message && message.seq !== undefined) {
      if (message.seq <= this.seq) return;
      this.seq = message.seq;
    }
    this.later(message.type === "input_request" ? this.timed(message) : message);
    this.showAgain();
    if (message.type === "complete" && this.kept !== null) {
      this.keep({ ...this.kept, over: true, unsent: [] });
    }
  }

  private attached(message: Accepted): void {
    clearTimeout(this.timer);
    this.acceptedAt = Date.now();
    this.later(message);
    const { job_id: jobId, language } = message;
    const isBatch = this.program?.stdin !== undefined;
    const { senders = [], ...kept }: KeptRun =
      this.kept?.jobId === jobId
        ? this.kept
        : { jobId, language, isBatch, over: false, said: [], cut: false, unsent: [] };
    if (!senders.includes(this.sender)) {
      this.keep({ ...kept, senders: [...senders, this.sender].slice(-MOST_SENDERS) });
    }
    this.showAgain();
    for (const { message } of this.outbox) this.socket?.send(message);
  }

  /**
   * The server says for how long it waits, and not since when. What comes again has a time only where
   * this tab heard it the first time.
   */
  private timed(message: InputRequest): Asked {
    const { kept } = this;
    const { seq, timeout } = message;
    if (seq === undefined || timeout == null || kept === null) return message;
    if (kept.asked?.seq === seq) return { ...message, until: kept.asked.until };
    if (this.follows && Date.now() - (this.acceptedAt ?? 0) < CATCH_UP_MS) return message;
    const until = Date.now() + timeout * 1000;
    this.keep({ ...kept, asked: { seq, until } });
    return { ...message, until };
  }

  /** Or was refused for good. The server takes a sender's input in order: all before it has, too. */
  private arrived(sender?: string | null, inputId?: number | null): void {
    if (sender == null || inputId == null) return;
    const hasArrived = ({ message }: Given) =>
      "input_id" in message && message.sender === sender && message.input_id <= inputId;
    this.outbox = this.outbox.filter((given) => !hasArrived(given));
    if (this.kept !== null && this.kept.unsent.length > 0) this.keepUnsent();
  }

  private closed(code: number, wasOpen: boolean): void {
    this.flush();
    const { acceptedAt } = this;
    this.hangUp();
    if (!isLive(this.state)) return;
    this.keepUnsent();
    const wasStopped = this.state.stopping && this.state.jobId === null;
    if (isRefusal(code) || !this.wasReached || wasStopped) {
      this.outbox = [];
      this.keep(null);
      this.now({ type: "closed", code, wasOpen });
      return;
    }
    if (acceptedAt !== null && Date.now() - acceptedAt >= STEADY_MS) this.attempt = 0;
    // Over, it says, and nothing more came: our numbers are above its own, some of which it lost.
    if (code === CLOSE_CODES.DONE && acceptedAt !== null && this.kept !== null) {
      this.rebuild(this.kept);
    }
    this.comeBack();
  }

  private comeBack(): void {
    if (this.attempt === 0) this.droppedAt = Date.now();
    if (Date.now() - this.droppedAt >= GIVE_UP_MS) {
      this.now({ type: "given_up" });
      return;
    }
    this.attempt += 1;
    this.now({ type: "dropped", attempt: this.attempt });
    this.timer = setTimeout(() => this.connect(), pauseMs(this.attempt, Math.random()));
  }

  /** What others give the program is shown; what came from here is already. */
  private shows() {
    const senders = new Set([...(this.kept?.senders ?? []), this.sender]);
    return { show_input: true, senders: [...senders] };
  }

  /** The run from its beginning, on an empty screen. */
  private rebuild(kept: KeptRun): void {
    this.seq = 0;
    this.acked = 0;
    this.toldInput = 0;
    this.toShow = [...kept.said];
    const { language, jobId, isBatch = false } = kept;
    this.now({ type: "found", language, jobId, isBatch, isWatched: this.isWatched });
    if (kept.cut) this.now({ type: "typed_is_cut" });
  }

  private hangUp(): void {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    this.acceptedAt = null;
    socket?.close();
  }

  private letGo(): void {
    this.hangUp();
    this.pending = [];
    this.outbox = [];
    this.toShow = [];
    this.program = null;
    this.wasReached = false;
    this.attempt = 0;
    this.seq = 0;
    this.acked = 0;
    this.toldInput = 0;
    this.link = "";
    this.isWatched = false;
    this.sender = randomName();
    this.lastInput = 0;
  }

  private give(input: InputResponse | Stdin | Eof): boolean {
    // A question may be here that is not shown yet: what is typed now, it may want kept secret.
    this.flush();
    if (!isLive(this.state) || !this.state.mayType) return false;
    this.lastInput += 1;
    return this.send({ ...input, sender: this.sender, input_id: this.lastInput });
  }

  /** Now, and once more whenever the server has us again, until it is known to have arrived. */
  private send(message: Given["message"]): boolean {
    if (!isLive(this.state)) return false;
    const isSent = this.acceptedAt !== null && this.socket?.send(message) === true;
    this.outbox.push({ message, isSecret: !this.state.keys.echo && !this.state.keys.raw });
    if (!isSent) this.keepUnsent();
    return true;
  }

  private keepUnsent(): void {
    if (this.kept === null || this.kept.over) return;
    const unsent = this.outbox.flatMap(({ message, isSecret }) =>
      isSecret || message.type === "resize" ? [] : [message],
    );
    if (unsent.length === 0 && this.kept.unsent.length === 0) return;
    this.keep({ ...this.kept, unsent });
  }

  // --- what was typed ---------------------------------------------------------------------------

  private say(type: Said["type"], text: string): void {
    const { echo, raw } = this.state.keys;
    const shown = echo && !raw ? text : "";
    if (this.kept !== null) this.keep(withSaid(this.kept, { after: this.seq, type, text: shown }));
    this.now({ type, text });
  }

  /** After a reload: what was typed, each after the event that it had followed. */
  private showAgain(): void {
    for (let next = this.toShow[0]; next !== undefined && next.after <= this.seq; ) {
      this.later({ type: next.type, text: next.text });
      this.toShow.shift();
      next = this.toShow[0];
    }
  }

  private keep(run: KeptRun | null): void {
    this.kept = run;
    this.store.save(run);
  }

  // --- to the page ------------------------------------------------------------------------------

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
    for (const event of events) this.stdout.hear(event);
    this.state = { ...reduceBatch(this.state, events), stdout: this.stdout.facts };
    for (const listener of this.listeners) listener();
  };
}

/** Hard to guess, as the server wants it of who has neither account nor session. */
function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Neighbouring text of one stream as one event: a flood arrives in many small frames. */
export function joined(events: readonly SessionEvent[]): SessionEvent[] {
  const result: SessionEvent[] = [];
  let parts: string[] = [];
  let last: Output | null = null;
  const close = () => {
    if (last !== null) result.push({ ...last, data: parts.join("") });
    last = null;
    parts = [];
  };
  for (const event of events) {
    if (event.type !== "output" || event.encoding === "base64") {
      close();
      result.push(event);
      continue;
    }
    if (last !== null && (last.stream !== event.stream || last.stage !== event.stage)) close();
    last = event;
    parts.push(event.data);
  }
  close();
  return result;
}
