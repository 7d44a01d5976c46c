import { beforeEach, describe, expect, it } from "vitest";
import type { ClientMessage, ServerMessage } from "../protocol";
import { joined, Session } from "./session";
import { parseFrame, type SocketHandlers } from "./socket";

const PROGRAM = { language: "python", code: "print()", cols: 90, rows: 30 };

class Wire {
  sent: ClientMessage[] = [];
  closed = false;
  constructor(readonly handlers: SocketHandlers) {}
  send = (message: ClientMessage) => void this.sent.push(message);
  close = () => {
    this.closed = true;
  };
}

let wires: Wire[] = [];
let frames: (() => void)[] = [];
let session: Session;

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

const ACCEPTED: ServerMessage = { type: "accepted", job_id: "j", language: "python", version: "3" };

beforeEach(() => {
  wires = [];
  frames = [];
  session = new Session(
    (handlers) => {
      wires.push(new Wire(handlers));
      return wire();
    },
    (callback) => {
      frames.push(callback);
      return () => {
        frames = frames.filter((other) => other !== callback);
      };
    },
  );
});

function start(): void {
  session.execute(PROGRAM);
  wire().handlers.opened();
  hear(ACCEPTED, { type: "status", status: "running" });
}

describe("a session", () => {
  it("opens a socket for a run and sends the program with the terminal's size", () => {
    start();
    expect(wire().sent).toEqual([{ type: "execute", ...PROGRAM }]);
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
    expect(wire().sent.at(-1)).toEqual({ type: "input_response", data: "Ada" });
  });

  it("sends keys, interrupts and end of input as the contract says", () => {
    start();
    session.sendKeys("q");
    session.interrupt();
    session.sendEof("half");
    expect(wire().sent.slice(1)).toEqual([
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

describe("joining", () => {
  it("keeps streams, bytes and other events apart and in order", () => {
    const out = (data: string, stream: "stdout" | "stderr" = "stdout"): ServerMessage => ({
      type: "output",
      stream,
      stage: "run",
      data,
    });
    const bytes: ServerMessage = {
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
