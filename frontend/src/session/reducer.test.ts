import { describe, expect, it } from "vitest";
import type { Complete } from "../protocol";
import type { SessionEvent } from "./events";
import { initialState, isLive, reduceBatch, type SessionState, WINDOW_CHARS } from "./reducer";

const RUN: SessionEvent = { type: "run", language: "python", isBatch: false };
const ACCEPTED: SessionEvent = {
  type: "accepted",
  job_id: "j1",
  language: "python",
  version: "Python 3.11.2",
};
const RUNNING: SessionEvent = { type: "status", status: "running" };
const QUESTION: SessionEvent = { type: "input_request", prompt: "Name? ", stream: "stderr" };
const DONE: Complete = {
  type: "complete",
  status: "completed",
  exit_code: 0,
  execution_time: 0.2,
};

function output(data: string, stream: "stdout" | "stderr" = "stdout"): SessionEvent {
  return { type: "output", stream, stage: "run", data };
}

function stateAfter(...events: SessionEvent[]): SessionState {
  return reduceBatch(initialState, events);
}

const texts = (state: SessionState) => state.outputLines.map((line) => [line.kind, line.data]);

describe("a run", () => {
  it("goes from connecting to ended, and is live in between", () => {
    expect(isLive(stateAfter())).toBe(false);
    expect(stateAfter(RUN).phase).toBe("connecting");
    expect(isLive(stateAfter(RUN, ACCEPTED, RUNNING))).toBe(true);
    const ended = stateAfter(RUN, ACCEPTED, RUNNING, DONE);
    expect(isLive(ended)).toBe(false);
    expect(ended.result).toBe(DONE);
  });

  it("says its place in the queue", () => {
    const state = stateAfter(RUN, ACCEPTED, {
      type: "status",
      status: "queued",
      queue_position: 3,
    });
    expect(state.phase).toBe("queued");
    expect(state.queuePosition).toBe(3);
    const later = reduceBatch(state, [{ type: "queue_place", ahead: 1 }]);
    expect([later.phase, later.queuePosition]).toEqual(["queued", 1]);
  });

  it("starts with an empty screen and no old result, and keeps counting its lines", () => {
    const first = stateAfter(RUN, ACCEPTED, output("old\n"), DONE);
    const second = reduceBatch(first, [RUN, ACCEPTED, output("new\n")]);
    expect(second.screen).toBe(first.screen + 1);
    expect(second.result).toBeNull();
    expect(texts(second)).toEqual([["stdout", "new\n"]]);
    expect(second.outputLines[0]?.id).toBeGreaterThan(first.outputLines.at(-1)?.id ?? 0);
  });

  it("notes that it compiles and how it ended", () => {
    const state = stateAfter(RUN, ACCEPTED, { type: "status", status: "compiling" }, RUNNING, DONE);
    expect(texts(state)).toEqual([
      ["system", "Compiling…"],
      ["system", "Finished · exit code 0 · 200 ms"],
    ]);
  });

  it("shows the reason that the server gave for its end", () => {
    const state = stateAfter(RUN, ACCEPTED, {
      ...DONE,
      status: "memory_limit",
      message: "It used more than 256 MB.",
    });
    expect(state.problem?.message).toBe("It used more than 256 MB.");
  });

  it("decodes bytes that are not text", () => {
    const state = stateAfter(RUN, {
      type: "output",
      stream: "stdout",
      stage: "run",
      data: "/wA=",
      encoding: "base64",
    });
    expect(state.outputLines[0]?.data).toEqual(Uint8Array.of(0xff, 0));
  });

  it("that starts again on another machine voids what was shown", () => {
    const state = stateAfter(RUN, ACCEPTED, output("void\n"), QUESTION, {
      type: "restarted",
      attempt: 2,
      reason: "its machine went away",
    });
    expect(state.question).toBeNull();
    expect(state.screen).toBe(2);
    expect(texts(state)).toEqual([
      ["system", "Starting again on another machine: its machine went away"],
    ]);
  });
});

describe("a question", () => {
  it("opens with its prompt and is closed by the answer, which is shown as input", () => {
    const asked = stateAfter(RUN, ACCEPTED, RUNNING, QUESTION);
    expect(asked.phase).toBe("waiting");
    expect(asked.question?.prompt).toBe("Name? ");
    const answered = reduceBatch(asked, [{ type: "answered", text: "Ada\n" }]);
    expect(answered.question).toBeNull();
    expect(answered.phase).toBe("running");
    expect(texts(answered)).toEqual([["input", "Ada\n"]]);
  });

  it("is closed when the program waits no longer", () => {
    expect(stateAfter(RUN, ACCEPTED, QUESTION, { type: "input_closed" }).question).toBeNull();
    expect(stateAfter(RUN, ACCEPTED, QUESTION, RUNNING).question).toBeNull();
    expect(stateAfter(RUN, ACCEPTED, QUESTION, DONE).question).toBeNull();
  });

  it("stays open after an interrupt that the program may survive", () => {
    const state = stateAfter(RUN, ACCEPTED, QUESTION, { type: "typed", text: "^C\n" });
    expect(state.question).not.toBeNull();
  });

  it("for a password never shows what was typed", () => {
    const secret: SessionEvent = { ...QUESTION, echo: false };
    const state = stateAfter(RUN, ACCEPTED, secret, { type: "answered", text: "hunter2\n" });
    expect(state.outputLines).toEqual([]);
  });

  it("of a program that reads keys leaves the echo to the program", () => {
    const keys: SessionEvent = { ...QUESTION, raw: true };
    const state = stateAfter(RUN, ACCEPTED, keys, { type: "answered", text: "x\n" });
    expect(state.outputLines).toEqual([]);
  });
});

describe("what goes wrong", () => {
  it("is not that one has pressed Stop, but that somebody else has", () => {
    const cancelled: Complete = { ...DONE, status: "cancelled", message: "The job was cancelled." };
    expect(stateAfter(RUN, ACCEPTED, RUNNING, { type: "stop" }, cancelled).problem).toBeNull();
    const { problem } = stateAfter(RUN, ACCEPTED, RUNNING, cancelled);
    expect(problem?.message).toBe("The job was cancelled.");
  });

  it("before there is a job ends the run with the server's words and places", () => {
    const details = [{ line: 1, column: 8, message: "refused" }];
    const state = stateAfter(RUN, { type: "error", code: "bad_field", message: "No.", details });
    expect(state.phase).toBe("ended");
    expect(state.problem).toEqual({ message: "No.", details });
  });

  it("as a refusal is told once, in its list of places", () => {
    const details = [{ line: 1, column: 8, message: "`os.system` is not allowed." }];
    const message = "Not started, because of line 1, column 8: `os.system` is not allowed.";
    const state = stateAfter(
      RUN,
      ACCEPTED,
      { type: "error", code: "rejected", message, details },
      { ...DONE, status: "rejected", message },
    );
    expect(state.problem?.details).toEqual(details);
    expect(state.problem?.message).not.toContain("os.system");
  });

  it("while compiling gets the places that the compiler named", () => {
    const said = "./main.c:4:14: error: expected ‘;’\n";
    const state = stateAfter(
      RUN,
      ACCEPTED,
      { type: "output", stream: "stderr", stage: "compile", data: said },
      { ...DONE, status: "compile_error", exit_code: 1, message: "It does not compile." },
    );
    expect(state.problem).toEqual({
      message: "It does not compile.",
      details: [{ file: "main.c", line: 4, column: 14, message: "expected ‘;’" }],
    });
  });

  it("with the connection is said in the terminal too, below what was seen so far", () => {
    const lost: SessionEvent = { type: "closed", code: 1006, wasOpen: true };
    const state = stateAfter(RUN, ACCEPTED, RUNNING, output("so far\n"), lost);
    expect(texts(state)).toEqual([
      ["stdout", "so far\n"],
      ["system", "Connection lost"],
    ]);
  });

  it("while the job runs is shown and the job goes on", () => {
    const state = stateAfter(RUN, ACCEPTED, RUNNING, {
      type: "error",
      code: "bad_field",
      message: "`cols`",
    });
    expect(state.phase).toBe("running");
    expect(state.problem?.message).toBe("`cols`");
  });

  it.each([4400, 4401, 4403, 4404, 4408, 4409, 4413, 4429, 4503, 1006, 1000])(
    "as close code %i gets a sentence that ends the run",
    (code) => {
      const state = stateAfter(RUN, { type: "closed", code, wasOpen: true });
      expect(state.phase).toBe("ended");
      expect(state.problem?.message).toMatch(/^[A-Z].+\.$/);
    },
  );

  it("does not touch a run that is already over", () => {
    const ended = stateAfter(RUN, ACCEPTED, DONE);
    expect(reduceBatch(ended, [{ type: "closed", code: 1006, wasOpen: true }])).toEqual(ended);
  });

  it("is nothing when the person stopped before there was a job", () => {
    const state = stateAfter(RUN, { type: "stop" }, { type: "closed", code: 1000, wasOpen: false });
    expect(state.phase).toBe("idle");
    expect(state.problem).toBeNull();
  });
});

describe("megabytes of output", () => {
  it("leave a bounded window, and never trim what has just arrived", () => {
    let state = stateAfter(RUN, ACCEPTED, RUNNING);
    const piece = "x".repeat(WINDOW_CHARS / 4);
    for (let count = 0; count < 40; count += 1) {
      const before = state.outputLines.at(-1)?.id ?? 0;
      state = reduceBatch(state, [output(piece), output(piece, "stderr")]);
      expect(state.outputLines.filter((line) => line.id > before)).toHaveLength(2);
    }
    expect(state.outputLines.length).toBeLessThan(8);
  });
});

describe("a program that fails", () => {
  const TRACE =
    'Traceback (most recent call last):\n  File "/home/codr/main.py", line 2, in <module>\n' +
    "    fail()\nKeyError: 'x'\n";
  const FAILED: Complete = { ...DONE, exit_code: 1 };

  it("is said to have, with the place that its trace names", () => {
    const bytes = btoa(TRACE.slice(9));
    const state = stateAfter(
      RUN,
      ACCEPTED,
      RUNNING,
      output(TRACE.slice(0, 9), "stderr"),
      { type: "output", stream: "stderr", stage: "run", encoding: "base64", data: bytes },
      FAILED,
    );
    expect(state.problem?.message).toMatch(/ended with an error/);
    expect(state.problem?.details).toEqual([
      { file: "/home/codr/main.py", line: 2, column: 0, message: "KeyError: 'x'" },
    ]);
  });

  it("keeps the server's sentence where there is one", () => {
    const message = "The program needed more memory than it may have.";
    const status = "memory_limit";
    const state = stateAfter(RUN, ACCEPTED, output(TRACE, "stderr"), {
      ...FAILED,
      status,
      message,
    });
    expect(state.problem?.message).toBe(message);
    expect(state.problem?.details).toHaveLength(1);
  });

  it("is left alone where it ended well, wrote it to standard output, or named no place", () => {
    expect(stateAfter(RUN, ACCEPTED, output(TRACE, "stderr"), DONE).problem).toBeNull();
    expect(stateAfter(RUN, ACCEPTED, output(TRACE), FAILED).problem).toBeNull();
    expect(stateAfter(RUN, ACCEPTED, output("no\n", "stderr"), FAILED).problem).toBeNull();
  });
});
