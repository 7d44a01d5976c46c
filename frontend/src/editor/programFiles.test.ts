import { describe, expect, it } from "vitest";
import {
  fileNamed,
  freeName,
  MOST_BYTES,
  MOST_FILES,
  nameProblem,
  type ProgramFiles,
  sizeProblem,
  toSend,
  withFile,
  withName,
  withoutFile,
  withText,
} from "./programFiles";

const file = (id: string, name: string, text = "") => ({ id, name, text });
const PROGRAM: ProgramFiles = {
  files: [file("a", "util.py", "one"), file("b", "main.py", "two"), file("c", "lib/util.py")],
  main: "b",
  open: "a",
};

describe("a program's files", () => {
  it("are sent with the main one first", () => {
    expect(toSend(PROGRAM).map(({ name }) => name)).toEqual(["main.py", "util.py", "lib/util.py"]);
  });

  it("keep their place and their part when they are renamed and written in", () => {
    const next = withText(withName(PROGRAM, "b", "run.py"), "b", "new");
    expect(next.files[1]).toEqual({ id: "b", name: "run.py", text: "new" });
    expect(next.main).toBe("b");
  });

  it("are never none, and always have a main one and an open one", () => {
    const two = withoutFile(withoutFile(PROGRAM, "b"), "a");
    expect(two).toEqual({ files: [file("c", "lib/util.py")], main: "c", open: "c" });
    expect(withoutFile(two, "c")).toBe(two);
  });

  it("come back to their old place", () => {
    const [first] = PROGRAM.files;
    if (first === undefined) throw new Error("no file");
    expect(withFile(withoutFile(PROGRAM, "a"), first, 0)).toEqual(PROGRAM);
  });

  it("are bounded in number and size as by the server", () => {
    const full = { ...PROGRAM, files: Array.from({ length: MOST_FILES }, () => file("x", "x")) };
    expect(sizeProblem(full, [])).toBeNull();
    expect(sizeProblem(full, [""])).toMatch(/32 files/);
    // Two bytes each in UTF-8.
    expect(sizeProblem(PROGRAM, ["ä".repeat(MOST_BYTES / 2)])).toMatch(/1\.0 MB/);
    expect(sizeProblem(PROGRAM, ["ä".repeat(MOST_BYTES / 2 - 3)])).toBeNull();
  });
});

describe("a file's name", () => {
  it.each(["main.py", "a b.txt", "lib/deep/x.h", "Größe.py", ".env", "README"])(
    "may be %s",
    (name) => {
      expect(nameProblem(name, [])).toBeNull();
    },
  );

  it.each([
    "",
    "/etc/x",
    "a//b",
    "../x",
    "a/.",
    "x\\y",
    "a\nb",
    "a\u2028b",
    "-o",
    "lib/@x",
    "ä".repeat(101),
  ])("may not be %j", (name) => {
    expect(nameProblem(name, [])).toMatch(/\.$/);
  });

  it("may not be another's, nor make a folder of one", () => {
    expect(nameProblem("x.py", ["x.py"])).toMatch(/x\.py/);
    expect(nameProblem("lib/x.py", ["lib"])).toMatch(/lib/);
    expect(nameProblem("lib", ["lib/x.py"])).toMatch(/lib/);
  });

  it("is numbered where it is taken", () => {
    expect(freeName("x.py", [])).toBe("x.py");
    expect(freeName("x.py", ["x.py", "x-2.py"])).toBe("x-3.py");
    expect(freeName(".env", [".env"])).toBe(".env-2");
  });
});

describe("a place in a trace", () => {
  it("is found by the whole path, the longest name first", () => {
    expect(fileNamed(PROGRAM, "./util.py")?.id).toBe("a");
    expect(fileNamed(PROGRAM, "/home/codr/util.py")?.id).toBe("a");
    expect(fileNamed(PROGRAM, "/home/codr/lib/util.py")?.id).toBe("c");
    expect(fileNamed(PROGRAM, "")?.id).toBe("b");
    expect(fileNamed(PROGRAM, "/usr/lib/python3/other.py")).toBeUndefined();
  });
});
