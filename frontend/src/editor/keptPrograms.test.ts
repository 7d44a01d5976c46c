import { describe, expect, it } from "vitest";
import { KeptPrograms } from "./keptPrograms";
import { oneFile, type ProgramFiles } from "./programFiles";

class Box {
  readonly kept = new Map<string, string>();
  room = Number.POSITIVE_INFINITY;

  constructor(entries: Record<string, string> = {}) {
    for (const [key, value] of Object.entries(entries)) this.kept.set(key, value);
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (value.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(key, value);
  }
}

const kept = (tab = new Box(), browser = new Box()) =>
  new KeptPrograms(
    () => tab,
    () => browser,
  );
const texts = (program: ProgramFiles | null) => program?.files.map(({ text }) => text);
const asides = (programs: KeptPrograms) =>
  programs.earlier("c", "main.c").flatMap(({ program }) => texts(program));

describe("KeptPrograms", () => {
  it("gives back what it was given, with every file", () => {
    const programs = kept();
    const program: ProgramFiles = {
      files: [
        { id: "1", name: "main.c", text: "a" },
        { id: "2", name: "util.c", text: "b" },
      ],
      main: "2",
      open: "1",
    };
    expect(programs.save("c", program)).toBe(true);
    expect(programs.load("c", "main.c")).toEqual(program);
    expect(programs.load("cpp", "main.cpp")).toBeNull();
  });

  it("gives a tab its own and a new tab what was written last", () => {
    const browser = new Box();
    const first = kept(new Box(), browser);
    const second = kept(new Box(), browser);
    first.save("c", oneFile("main.c", "first"));
    second.save("c", oneFile("main.c", "second"));
    expect(texts(first.load("c", "main.c"))).toEqual(["first"]);
    expect(texts(kept(new Box(), browser).load("c", "main.c"))).toEqual(["second"]);
  });

  it("reads over the one text that was kept before there were files", () => {
    const browser = new Box({ "codr:source:c": "old", "codr:aside:c": "older" });
    const programs = kept(new Box(), browser);
    expect(programs.load("c", "main.c")).toMatchObject({
      files: [{ name: "main.c", text: "old" }],
    });
    expect(asides(programs)).toEqual(["older"]);
    programs.setAside("c", "main.c", oneFile("main.c", "new"), 1);
    expect(asides(programs)).toEqual(["new", "older"]);
    // For the page of yesterday, should it come back.
    expect(browser.getItem("codr:source:c")).toBe("old");
  });

  it("prefers this tab's old text to another tab's new program", () => {
    const browser = new Box();
    kept(new Box(), browser).save("c", oneFile("main.c", "another tab"));
    const reloaded = kept(new Box({ "codr:source:c": "this tab" }), browser);
    expect(texts(reloaded.load("c", "main.c"))).toEqual(["this tab"]);
  });

  it("keeps everything that was set aside, each once, the latest first", () => {
    const programs = kept();
    for (const text of ["a", "b", "a", "c"]) {
      programs.setAside("c", "main.c", oneFile("main.c", text), 1);
    }
    expect(asides(programs)).toEqual(["c", "a", "b"]);
    programs.takeBack("c", "main.c", oneFile("main.c", "a"));
    expect(asides(programs)).toEqual(["c", "b"]);
  });

  it("lets the oldest go before the browser is full, and never the latest", () => {
    const programs = kept();
    for (const letter of "abc") {
      programs.setAside("c", "main.c", oneFile("main.c", letter.repeat(1_000_000)), 1);
    }
    expect(asides(programs).map((text) => text?.[0])).toEqual(["c"]);
  });

  it("says when it could not keep something, and keeps it where there is room", () => {
    const [tab, browser] = [new Box(), new Box()];
    browser.room = 10;
    const programs = kept(tab, browser);
    expect(programs.save("c", oneFile("main.c", "text"))).toBe(false);
    expect(texts(programs.load("c", "main.c"))).toEqual(["text"]);
    expect(programs.setAside("c", "main.c", oneFile("main.c", "text"), 1)).toBe(false);
  });

  it.each(["{", "null", "[]", '{"files":[]}', '{"files":[{"id":1}],"main":"1","open":"1"}'])(
    "takes %s for nothing",
    (text) => {
      expect(kept(new Box({ "codr:program:c": text })).load("c", "main.c")).toBeNull();
    },
  );
});
