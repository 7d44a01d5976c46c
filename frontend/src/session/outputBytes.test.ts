import { describe, expect, test } from "vitest";
import type { Output } from "../protocol";
import { OutputBytes } from "./outputBytes";

const said = (data: string, more: Partial<Output> = {}): Output => ({
  type: "output",
  stream: "stdout",
  stage: "run",
  data,
  ...more,
});

async function bytes(output: OutputBytes): Promise<number[]> {
  return [...new Uint8Array(await output.blob().arrayBuffer())];
}

describe("the bytes of the standard output", () => {
  test("are those that the program wrote, text or not", async () => {
    const output = new OutputBytes();
    output.hear(said("ż\r\n\0"));
    output.hear(said("/wCA", { encoding: "base64" }));
    expect(await bytes(output)).toEqual([0xc5, 0xbc, 0x0d, 0x0a, 0, 0xff, 0, 0x80]);
    expect(output.facts).toEqual({ bytes: 8, isText: false, isWhole: true });
  });

  test("have nothing of the compiler's and of the errors", async () => {
    const output = new OutputBytes();
    output.hear(said("warning", { stage: "compile" }));
    output.hear(said("oh", { stream: "stderr" }));
    output.hear(said("a"));
    expect(await bytes(output)).toEqual([0x61]);
    expect(output.facts.isText).toBe(true);
  });

  test("are bounded, and it is known that some are missing", async () => {
    const output = new OutputBytes(3);
    output.hear(said("ab"));
    expect(output.facts.isWhole).toBe(true);
    output.hear(said("cd"));
    output.hear(said("ef"));
    expect(await bytes(output)).toEqual([0x61, 0x62, 0x63]);
    expect(output.facts).toEqual({ bytes: 3, isText: true, isWhole: false });
  });

  test("begin anew with a run, and where a program starts again", async () => {
    const output = new OutputBytes();
    for (const event of [
      { type: "run", language: "python", isBatch: false } as const,
      { type: "restarted", attempt: 2, reason: "" } as const,
    ]) {
      output.hear(said("void"));
      output.hear(event);
      expect(output.facts.bytes).toBe(0);
    }
    output.hear(said("a"));
    expect(await bytes(output)).toEqual([0x61]);
  });

  test("are not whole after a gap", () => {
    const output = new OutputBytes();
    output.hear({ type: "gap", from_seq: 1, to_seq: 2, reason: "late" });
    expect(output.facts.isWhole).toBe(false);
  });
});
