import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientMessage, Eof, InputResponse, ServerMessage, Stdin } from "../protocol";
import type { SessionEvent } from "./events";
import type { KeptRun } from "./keptRun";
import { GIVE_UP_MS } from "./pauses";
import { joined, Session } from "./session";
import { parseFrame, type SocketHandlers } from "./socket";

const PROGRAM = {
  language: "python",
  files: [{ name: "main.py", content: "print()" }],
  cols: 90,
  rows: 30,
};

class Wire {
  sent: ClientMessage[] = [];
  closed = false;
  /** It closes, and has not said so yet. */
  closing = false;
  constructor(readonly handlers: SocketHandlers) {}
  send = (message: ClientMessage) => {
    if (!this.closing) this.sent.push(message);
    return !this.closing;
  };
  close = () => {
    this.closed = true;
  };
}

let wires: Wire[] = [];
let frames: (() => void)[] = [];
let session: Session;
let kept: string;

function nextFrame(): void {
  for (const callback of frames.splice(0)) callback();
}

function wire(): Wire {
  const last = wires.at(-1);
  if (last === undefined) throw new Error("no socket was opened");
  return last;
}

function hear(...messages: ServerMessage[]): void {
  for (const message of messages) wire().handlers.received(message);
  nextFrame();
}

type Numbered = InputResponse | Stdin | Eof;

function isNumbered(message: ClientMessage): message is Numbered {
  return "input_id" in message;
}

/** What was sent on this socket, without who sent it and its number. */
function given(): object[] {
  return wire().sent.map((message) => {
    if (!isNumbered(message)) return message;
    const { sender: _, input_id: __, ...rest } = message;
    return rest;
  });
}

/** The server has taken that input: of those sent on this socket, counted from 0. */
function take(place: number): void {
  hear({ type: "input_accepted", ...numbersOf(wire().sent.filter(isNumbered)[place]) });
}

function numbersOf(message: Numbered | undefined): { sender: string; input_id: number } {
  if (message?.sender == null || message.input_id == null) throw new Error("it has no number");
  return { sender: message.sender, input_id: message.input_id };
}

// What others type is shown on every page.
const SHOWS = { show_input: true, senders: expect.any(Array) };

function attach(after: number): object {
  return { type: "attach", job_id: "j", after, inputs_after: 0, ...SHOWS };
}

const ACCEPTED: ServerMessage = { type: "accepted", job_id: "j", language: "python", version: "3" };

beforeEach(() => {
  vi.useFakeTimers();
  kept = "null";
  openPage();
});

afterEach(() => {
  vi.useRealTimers();
});

/** As after a reload: all is new but for what the tab kept. */
function openPage(): void {
  wires = [];
  frames = [];
  session = new Session(
    (handlers) => {
      wires.push(new Wire(handlers));
      return wire();
    },
    {
      load: () => JSON.parse(kept) as KeptRun | null,
      save: (run) => {
        kept = JSON.stringify(run);
      },
    },
    (callback) => {
      frames.push(callback);
      return () => {
        frames = frames.filter((other) => other !== callback);
      };
    },
  );
}

function start(): void {
  session.execute(PROGRAM);
  wire().handlers.opened();
  hear(ACCEPTED, { type: "status", status: "running" });
}

describe("a session", () => {
  it("opens a socket for a run and sends the program with the terminal's size", () => {
    start();
    expect(wire().sent).toEqual([
      {
        type: "execute",
        ...PROGRAM,
        flow_control: true,
        request_id: expect.any(String),
        ...SHOWS,
      },
    ]);
    expect(session.getState().phase).toBe("running");
  });

  it("does not start a second run while one is live", () => {
    start();
    session.execute(PROGRAM);
    expect(wires).toHaveLength(1);
  });

  it("tells its listeners once per frame, however much arrives", () => {
    start();
    let told = 0;
    session.subscribe(() => {
      told += 1;
    });
    for (let count = 0; count < 1000; count += 1) {
      wire().handlers.received({ type: "output", stream: "stdout", stage: "run", data: "x\n" });
    }
    nextFrame();
    expect(told).toBe(1);
    expect(session.getState().outputLines.map((line) => line.data)).toEqual(["x\n".repeat(1000)]);
  });

  it("shows an answer after all that arrived before it", () => {
    start();
    wire().handlers.received({ type: "output", stream: "stdout", stage: "run", data: "Name? " });
    session.sendInput("Ada");
    expect(session.getState().outputLines.map((line) => line.data)).toEqual(["Name? ", "Ada\n"]);
    expect(given().at(-1)).toEqual({ type: "input_response", data: "Ada" });
  });

  it("sends keys, interrupts and end of input as the contract says", () => {
    start();
    session.sendKeys("q");
    session.interrupt();
    session.sendEof("half");
    expect(given().slice(1)).toEqual([
      { type: "stdin", data: "q" },
      { type: "stdin", data: "\u0003" },
      { type: "stdin", data: "half" },
      { type: "eof" },
    ]);
  });

  it("asks the server to stop, and lets go when asked again", () => {
    start();
    session.stop();
    expect(wire().sent.at(-1)).toEqual({ type: "cancel" });
    expect(session.getState().stopping).toBe(true);
    session.stop();
    expect(wire().closed).toBe(true);
    expect(session.getState().phase).toBe("ended");
  });

  it("stopped while it connects is as if it had never run", () => {
    session.execute(PROGRAM);
    session.stop();
    expect(wire().closed).toBe(true);
    expect(session.getState().phase).toBe("idle");
  });

  it("sends nothing once the program has ended", () => {
    start();
    hear({ type: "complete", status: "completed", exit_code: 0 });
    const before = wire().sent.length;
    session.sendInput("late");
    session.resize(10, 10);
    expect(wire().sent).toHaveLength(before);
  });

  it("acknowledges what is on the screen, once, and nothing of a run that is gone", () => {
    start();
    hear(out(2, "a"), out(3, "b"));
    expect(session.getState().seq).toBe(3);
    session.drawn(2);
    session.drawn(2);
    session.drawn(3);
    expect(wire().sent.slice(1)).toEqual([
      { type: "ack", seq: 2 },
      { type: "ack", seq: 3 },
    ]);
    hear({ type: "complete", status: "completed", exit_code: 0, seq: 4 });
    session.execute(PROGRAM);
    expect(session.getState().seq).toBe(0);
    session.drawn(4);
    expect(wire().sent).toEqual([]);
  });

  it("does not hear a socket that it let go", () => {
    start();
    const old = wire();
    hear({ type: "complete", status: "completed", exit_code: 0 });
    session.execute(PROGRAM);
    old.handlers.received({ type: "output", stream: "stdout", stage: "run", data: "stale" });
    old.handlers.closed(1006, true);
    nextFrame();
    expect(session.getState().phase).toBe("connecting");
    expect(session.getState().outputLines).toEqual([]);
  });
});

const out = (seq: number, data: string): ServerMessage => ({
  type: "output",
  stream: "stdout",
  stage: "run",
  data,
  seq,
});

const ask = (seq: number, echo = true): ServerMessage => ({
  type: "input_request",
  prompt: "? ",
  stream: "stdout",
  echo,
  seq,
});

const screen = () => session.getState().outputLines.map((line) => line.data);

function drop(code = 1006, wasOpen = true): void {
  wire().handlers.closed(code, wasOpen);
}

/** The next try, and the server takes us. */
function comeBack(...messages: ServerMessage[]): void {
  vi.advanceTimersByTime(8000);
  wire().handlers.opened();
  hear(ACCEPTED, ...messages);
}

/** Every try fails. */
function stayAway(forMs: number): void {
  for (let passed = 0; passed < forMs; passed += 250) {
    const before = wires.length;
    vi.advanceTimersByTime(250);
    if (wires.length > before) drop(1006, false);
  }
}

describe("a socket that drops", () => {
  it.each([1001, 1005, 1006, 1011, 1012, 1013, 4503])(
    "with code %i is opened again, after the last event that was seen",
    (code) => {
      start();
      hear(out(2, "a"), ask(3));
      drop(code);
      expect(session.getState().link).toBe("dropped");
      expect(session.getState().phase).toBe("waiting");
      vi.advanceTimersByTime(500);
      expect(wires).toHaveLength(2);
      wire().handlers.opened();
      expect(wire().sent).toEqual([attach(3)]);
      hear(ACCEPTED);
      expect(session.getState().link).toBe("up");
    },
  );

  it.each([4400, 4401, 4403, 4404, 4408, 4409, 4413, 4429])(
    "with the refusal %i stays closed",
    (code) => {
      start();
      drop(code);
      vi.advanceTimersByTime(GIVE_UP_MS);
      expect(wires).toHaveLength(1);
      expect(session.getState().phase).toBe("ended");
      expect(kept).toBe("null");
    },
  );

  it("as if all were over, without an end, makes it hear the run from its beginning", () => {
    start();
    hear(out(2, "a"), ask(3));
    drop(1000);
    vi.advanceTimersByTime(500);
    wire().handlers.opened();
    expect(wire().sent).toEqual([attach(0)]);
    hear(ACCEPTED, { type: "complete", status: "failed", seq: 1 });
    expect(session.getState().result?.status).toBe("failed");
  });

  it("and comes back shows every event once", () => {
    start();
    hear(out(2, "a"), out(3, "b"));
    drop();
    comeBack(out(3, "b"), out(4, "c"));
    expect(screen().join("")).toBe("abc");
  });

  it("keeps what is typed meanwhile and sends it once, in order, when it is accepted", () => {
    start();
    hear(ask(2));
    drop(1012);
    session.sendInput("one");
    session.sendInput("two");
    session.interrupt();
    vi.advanceTimersByTime(8000);
    wire().handlers.opened();
    expect(wire().sent).toHaveLength(1);
    hear(ACCEPTED);
    expect(given().slice(1)).toEqual([
      { type: "input_response", data: "one" },
      { type: "input_response", data: "two" },
      { type: "stdin", data: "\u0003" },
    ]);
    take(2);
    drop();
    comeBack();
    expect(wire().sent).toHaveLength(1);
    expect(screen()).toEqual(["one\n", "two\n", "^C\n"]);
  });

  it("keeps what is typed while it closes, which the browser knows before the page", () => {
    start();
    wire().closing = true;
    session.sendInput("Ada");
    expect(wire().sent).toHaveLength(1);
    drop();
    comeBack();
    expect(given().slice(1)).toEqual([{ type: "input_response", data: "Ada" }]);
    take(0);
    expect((JSON.parse(kept) as KeptRun).unsent).toEqual([]);
  });

  it("sends again under the same number what the server has not said to have taken", () => {
    start();
    session.sendInput("one");
    session.sendInput("two");
    session.sendEof("");
    take(0);
    const [, ...inputs] = wire().sent;
    drop();
    comeBack();
    expect(wire().sent.slice(1)).toEqual(inputs.slice(1));
    take(1);
    drop();
    comeBack();
    expect(wire().sent).toHaveLength(1);
  });

  it("does not send again what the server refused", () => {
    start();
    session.sendInput("too much");
    const numbers = numbersOf(wire().sent.filter(isNumbered).at(-1));
    hear({ type: "error", code: "too_much_input", message: "No.", ...numbers });
    drop();
    comeBack();
    expect(wire().sent).toHaveLength(1);
  });

  it("says again that the program is to be stopped, and the terminal's size", () => {
    start();
    session.resize(10, 10);
    session.stop();
    drop();
    comeBack();
    const again = [{ type: "resize", cols: 10, rows: 10 }, { type: "cancel" }];
    expect(wire().sent.slice(1)).toEqual(again);
  });

  it("keeps what waited when it closes just as it is accepted", () => {
    start();
    drop();
    session.sendInput("Ada");
    vi.advanceTimersByTime(8000);
    wire().handlers.opened();
    wire().closing = true;
    hear(ACCEPTED);
    expect((JSON.parse(kept) as KeptRun).unsent).toHaveLength(1);
    drop();
    comeBack();
    expect(given().slice(1)).toEqual([{ type: "input_response", data: "Ada" }]);
  });

  it("sends of several changes of the terminal's size the last", () => {
    start();
    drop();
    session.resize(10, 10);
    session.resize(20, 20);
    comeBack();
    expect(wire().sent.slice(1)).toEqual([{ type: "resize", cols: 20, rows: 20 }]);
  });

  it("before the program was accepted sends it again as the same request", () => {
    session.execute(PROGRAM);
    wire().handlers.opened();
    drop();
    vi.advanceTimersByTime(500);
    wire().handlers.opened();
    expect(wires).toHaveLength(2);
    expect(wire().sent).toEqual(wires[0]?.sent);
  });

  it("and was never open ends the run at once", () => {
    session.execute(PROGRAM);
    drop(1006, false);
    vi.advanceTimersByTime(GIVE_UP_MS);
    expect(wires).toHaveLength(1);
    expect(session.getState().phase).toBe("ended");
  });

  it("is tried again in pauses that grow, from a quarter of a second to eight", () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    start();
    drop();
    const pauses: number[] = [];
    let since = Date.now();
    while (pauses.length < 7) {
      const before = wires.length;
      vi.advanceTimersByTime(10);
      if (wires.length === before) continue;
      pauses.push(Date.now() - since);
      since = Date.now();
      drop(1006, false);
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    vi.restoreAllMocks();
  });

  it("that had stood for a while is a new beginning, however long ago the last drop was", () => {
    start();
    drop();
    stayAway(60_000);
    comeBack();
    vi.advanceTimersByTime(GIVE_UP_MS);
    drop();
    expect(session.getState().link).toBe("dropped");
    const before = wires.length;
    vi.advanceTimersByTime(500);
    expect(wires).toHaveLength(before + 1);
  });

  it("again and again, as soon as it was accepted, is not tried ever faster", () => {
    start();
    drop();
    const began = Date.now();
    while (session.getState().link !== "given_up" && Date.now() - began < 2 * GIVE_UP_MS) {
      const before = wires.length;
      vi.advanceTimersByTime(50);
      if (wires.length === before) continue;
      wire().handlers.opened();
      hear(ACCEPTED);
      drop(1011);
    }
    expect(session.getState().link).toBe("given_up");
    expect(wires.length).toBeLessThan(60);
  });

  it("is said aloud only when it stays away, and so is its return", () => {
    start();
    drop();
    expect(session.getState().link).toBe("dropped");
    stayAway(6000);
    expect(session.getState().link).toBe("away");
    comeBack();
    expect(session.getState().link).toBe("back");
  });

  it("is tried at once when the network is back", () => {
    start();
    drop();
    stayAway(30_000);
    const before = wires.length;
    session.tryAgain();
    expect(wires).toHaveLength(before + 1);
  });

  it("gives up after three minutes, loses nothing, and tries again when asked", () => {
    start();
    hear(ask(2));
    drop();
    stayAway(GIVE_UP_MS + 20_000);
    const tries = wires.length;
    expect(session.getState().link).toBe("given_up");
    expect(session.getState().problem?.message).toContain("try again");
    vi.advanceTimersByTime(GIVE_UP_MS);
    expect(wires).toHaveLength(tries);
    session.sendInput("still here");
    session.tryAgain();
    wire().handlers.opened();
    hear(ACCEPTED);
    expect(session.getState().problem).toBeNull();
    expect(given().at(-1)).toEqual({ type: "input_response", data: "still here" });
  });

  it("makes way for another when the server does not answer", () => {
    start();
    drop();
    vi.advanceTimersByTime(500);
    const silent = wire();
    vi.advanceTimersByTime(12_000);
    expect(silent.closed).toBe(true);
    expect(wires.length).toBeGreaterThan(2);
  });

  it("is let go by Stop, pressed twice", () => {
    start();
    drop();
    session.stop();
    expect(session.getState().stopping).toBe(true);
    session.stop();
    expect(session.getState().phase).toBe("ended");
    vi.advanceTimersByTime(GIVE_UP_MS);
    expect(wires).toHaveLength(1);
  });

  it("of a job that is gone says so", () => {
    start();
    drop();
    vi.advanceTimersByTime(500);
    wire().handlers.opened();
    hear({ type: "error", code: "no_such_job", message: "No." });
    drop(4404);
    expect(session.getState().problem?.message).toMatch(/^This run is gone/);
    expect(screen()).toEqual(["No longer there"]);
  });
});

describe("the time that is left to answer", () => {
  const timed = (seq: number): ServerMessage => ({ ...ask(seq), timeout: 60 }) as ServerMessage;
  const left = () => {
    const until = session.getState().question?.until ?? null;
    return until === null ? null : (until - Date.now()) / 1000;
  };

  it("runs from the question, also while the connection is away", () => {
    start();
    hear(timed(2));
    expect(left()).toBe(60);
    drop();
    comeBack();
    expect(left()).toBe(52);
  });

  it("does not begin again with a reload", () => {
    start();
    hear(timed(2));
    vi.advanceTimersByTime(20_000);
    openPage();
    session.restore();
    wire().handlers.opened();
    hear(ACCEPTED, timed(2));
    expect(left()).toBe(40);
  });

  it("is not made up for a question that was asked while nobody listened", () => {
    start();
    drop();
    comeBack(timed(2));
    expect(session.getState().phase).toBe("waiting");
    expect(left()).toBeNull();
    vi.advanceTimersByTime(10_000);
    hear({ type: "input_closed", seq: 3 }, timed(4));
    expect(left()).toBe(60);
  });
});

describe("a reload", () => {
  const DONE: ServerMessage = { type: "complete", status: "completed", exit_code: 0, seq: 7 };

  it("finds the run again from its beginning, with what was typed where it was typed", () => {
    start();
    hear(out(2, "a"), ask(3));
    session.sendInput("one");
    hear(out(4, "b"), ask(5));
    session.sendInput("two");
    openPage();
    session.restore();
    wire().handlers.opened();
    expect(wire().sent).toEqual([attach(0)]);
    hear(ACCEPTED, out(2, "a"), ask(3), out(4, "b"), ask(5), out(6, "c"), DONE);
    expect(screen().slice(0, 5)).toEqual(["a", "one\n", "b", "two\n", "c"]);
    expect(session.getState().result?.status).toBe("completed");
    expect(session.getState().language).toBe("python");
  });

  it("keeps no password, and shows none", () => {
    start();
    hear(ask(2, false));
    session.sendInput("hunter2");
    expect(kept).not.toContain("hunter2");
    drop();
    session.sendInput("hunter3");
    expect(kept).not.toContain("hunter3");
  });

  it("keeps no password that was typed as the question for it came, before it was shown", () => {
    start();
    wire().handlers.received(ask(2, false));
    session.sendInput("hunter2");
    session.leave();
    expect(kept).not.toContain("hunter2");
    expect(given().slice(1)).toEqual([{ type: "input_response", data: "hunter2" }]);
  });

  it("while the server was away still sends what was typed then", () => {
    start();
    hear(ask(2));
    drop();
    session.sendInput("one");
    openPage();
    session.restore();
    wire().handlers.opened();
    hear(ACCEPTED);
    expect(given().slice(1)).toEqual([{ type: "input_response", data: "one" }]);
    take(0);
    expect(kept).not.toContain("input_response");
  });

  it("sends again what was on its way, but for a password", () => {
    start();
    hear(ask(2));
    session.sendInput("one");
    hear(ask(3, false));
    session.sendInput("hunter2");
    const [, first] = wire().sent;
    session.leave();
    openPage();
    session.restore();
    wire().handlers.opened();
    hear(ACCEPTED);
    expect(wire().sent.slice(1)).toEqual([first]);
  });

  it("of a copied tab sends what the other may have sent under its number, and its own as another", () => {
    start();
    hear(ask(2));
    drop();
    session.sendInput("one");
    const copied = kept;
    comeBack();
    const [, first] = wire().sent;
    take(0);
    session.sendInput("two");
    const { sender } = numbersOf(wire().sent.filter(isNumbered).at(-1));

    kept = copied;
    openPage();
    session.restore();
    wire().handlers.opened();
    hear(ACCEPTED);
    session.sendInput("of the copy");
    expect(wire().sent[1]).toEqual(first);
    expect(numbersOf(wire().sent.filter(isNumbered)[1]).sender).not.toBe(sender);
  });

  it("says so when more was typed than is kept", () => {
    start();
    hear(ask(2));
    session.sendInput("x".repeat(40_000));
    session.sendInput("y".repeat(40_000));
    openPage();
    session.restore();
    wire().handlers.opened();
    hear(ACCEPTED, ask(2));
    expect(screen()).toEqual([
      "The first lines that you typed are not shown again.",
      `${"y".repeat(40_000)}\n`,
    ]);
  });

  it("without a run finds nothing", () => {
    session.restore();
    expect(wires).toHaveLength(0);
    expect(session.getState().phase).toBe("idle");
  });
});

describe("joining", () => {
  it("keeps streams, bytes and other events apart and in order", () => {
    const out = (data: string, stream: "stdout" | "stderr" = "stdout"): SessionEvent => ({
      type: "output",
      stream,
      stage: "run",
      data,
    });
    const bytes: SessionEvent = {
      ...out("/w=="),
      type: "output",
      stream: "stdout",
      stage: "run",
      data: "/w==",
      encoding: "base64",
    };
    const closed: ServerMessage = { type: "input_closed" };
    expect(
      joined([out("a"), out("b"), out("c", "stderr"), out("d"), bytes, out("e"), closed, out("f")]),
    ).toEqual([out("ab"), out("c", "stderr"), out("d"), bytes, out("e"), closed, out("f")]);
  });
});

describe("a frame", () => {
  it("of a known type is a message", () => {
    expect(parseFrame('{"type":"input_closed","seq":4}')).toEqual({ type: "input_closed", seq: 4 });
  });

  it.each(["", "[]", "null", '{"type":"new_thing"}', '{"kind":1}'])(
    "that is not one is left alone: %s",
    (data) => {
      expect(parseFrame(data)).toBeNull();
    },
  );
});

describe("a run that is shared", () => {
  const theirs = {
    jobId: "j",
    language: "python",
    isBatch: false,
    isWatched: true,
    link: "token",
  };

  function watch(): void {
    session.follow(theirs);
    wire().handlers.opened();
  }

  it("is followed by its link and nothing else is asked of it", () => {
    watch();
    expect(wire().sent).toEqual([{ ...attach(0), link: "token" }]);
    session.resize(20, 20);
    expect(wire().sent).toHaveLength(1);
  });

  it("is followed without one by an account that it is shared with, and not resized either", () => {
    const { link: _, ...shared } = theirs;
    session.follow(shared);
    wire().handlers.opened();
    expect(wire().sent).toEqual([attach(0)]);
    session.resize(20, 20);
    expect(wire().sent).toHaveLength(1);
    expect(session.getState().mayType).toBe(false);
  });

  it("takes input as long as its owner lets one type", () => {
    watch();
    session.sendInput("too soon");
    hear({ ...ACCEPTED, may_type: false }, ask(1));
    expect(session.getState().mayType).toBe(false);
    session.sendInput("still not");
    hear({ type: "access", may_type: true });
    session.sendInput("now");
    hear({ type: "access", may_type: false });
    session.sendInput("no more");
    expect(given().slice(1)).toEqual([{ type: "input_response", data: "now" }]);
  });

  it("shows what others type, and asks after a drop for what came since", () => {
    watch();
    hear(ACCEPTED, ask(1), { type: "input_given", number: 7, data: "Ada\u0003\u001b\n" });
    expect(screen()).toEqual(["Ada^C\n\n"]);
    wire().handlers.closed(1006, true);
    vi.advanceTimersByTime(500);
    wire().handlers.opened();
    expect(wire().sent).toEqual([{ ...attach(1), inputs_after: 7, link: "token" }]);
  });

  it("does not show what is typed into a question for a password", () => {
    watch();
    hear(
      ACCEPTED,
      { type: "input_request", prompt: "", stream: "stdout", echo: false, seq: 1 },
      { type: "input_given", number: 1, data: "swordfish\n" },
    );
    expect(screen()).toEqual([]);
  });

  it("names each page of this tab after a reload, so that nothing is shown twice", () => {
    start();
    const [first] = (wire().sent[0] as { senders?: string[] }).senders ?? [];
    openPage();
    session.restore();
    wire().handlers.opened();
    const { senders } = wire().sent[0] as { senders?: string[] };
    expect(senders).toHaveLength(2);
    expect(senders).toContain(first);
  });

  it("is left alone while a program of one's own runs", () => {
    start();
    session.follow(theirs);
    expect(wires).toHaveLength(1);
  });
});
