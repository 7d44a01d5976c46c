import { describe, expect, it } from "vitest";
import { joinArgs, splitArgs } from "../session/beforehand";
import { toSend } from "./programFiles";
import { loadedFrom, requestFor, type Sent } from "./sentProgram";

const SENT: Sent = {
  language: "python",
  files: [
    { name: "main.py", content: "print(1)", encoding: "utf-8" },
    { name: "data.txt", content: "w6k=", encoding: "base64" },
  ],
  stdin: null,
  encoding: "utf-8",
  arguments: ["--name", "Ada 'L.'", ""],
  limits: { cpu_time: 1.5, memory: 64 * 1024 * 1024 },
};

describe("a program as the server keeps it", () => {
  it("comes into the editor and goes back as it was", () => {
    const { language, program, options, left } = loadedFrom(SENT);
    expect(left).toEqual([]);
    expect(requestFor("x", language, program, options)).toEqual({
      name: "x",
      language: "python",
      files: [
        { name: "main.py", content: "print(1)" },
        { name: "data.txt", content: "é" },
      ],
      args: SENT.arguments,
      limits: SENT.limits,
    });
  });

  it("keeps the first file the main one", () => {
    const { program } = loadedFrom(SENT);
    expect(program.main).toBe(program.files[0]?.id);
    expect(toSend(program)[0]?.name).toBe("main.py");
  });

  it("says which files are no text", () => {
    const binary = { name: "a.bin", content: "/w==", encoding: "base64" } as const;
    const { program, left } = loadedFrom({ ...SENT, files: [...SENT.files, binary] });
    expect(left).toEqual(["a.bin"]);
    expect(program.files).toHaveLength(2);
  });

  it("takes input as a text, or as a file where a text would change it", () => {
    expect(loadedFrom({ ...SENT, stdin: "1\n2\n" }).options).toMatchObject({
      inputFrom: "text",
      text: "1\n2\n",
    });
    for (const [stdin, encoding] of [["/w==", "base64"] as const, ["a\r\n", "utf-8"] as const]) {
      const { program, options } = loadedFrom({ ...SENT, stdin, encoding });
      expect(options.inputFrom).toBe("file");
      const sent = requestFor("x", "python", program, options);
      const base64 = encoding === "base64" ? stdin : btoa(stdin);
      expect([sent.stdin, sent.encoding]).toEqual([base64, "base64"]);
    }
  });
});

describe("arguments as one line", () => {
  it.each(
    [[], ["a b", "'", '"', "\\", "", "$HOME", "é", "a'b\"c"], ["--x=1", "a/b"]].map((x) => [x]),
  )("is taken apart into the same: %j", (args) => {
    expect(splitArgs(joinArgs(args)).args).toEqual(args);
  });
});
