// Every sentence is in words.ts: none in the components, and none that an editor's package brings along.

import { describe, expect, it } from "vitest";
import { words } from "./words";

const SOURCES = import.meta.glob<string>(
  ["./**/*.{ts,tsx}", "!./**/*.test.ts", "!./words.ts", "!./protocol.ts", "!./answers.ts"],
  { query: "?raw", import: "default", eager: true },
);
const PACKAGES = import.meta.glob<string>("../node_modules/@codemirror/*/dist/index.js", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** What a person would read or hear, written where it is used. */
function textsIn(source: string): string[] {
  const code = source
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .split("\n")
    .filter((line) => !/^\s*\/\/|^import |throw new Error\(/.test(line));
  return code
    .flatMap((line) => [
      ...line.matchAll(/\b(?:aria-label|title|placeholder|alt|label)="[^"$]*[a-z]{2}[^"]*"/g),
      // Between tags, and alone on a line.
      ...line.matchAll(/>\s*[A-Z][\w’'.,!? …]*<\//g),
      ...line.matchAll(/^\s+[A-Z][a-z]+(?: [\w’'.,!?…]+)+$/g),
      // A sentence, or the part of one, as a string.
      ...line.matchAll(/"[A-Z][a-z]+ [^"]*"|`[^`]*\b[a-z]{2,} [a-z]{2,}\b[^`$]*`/g),
    ])
    .map(([found]) => found.trim());
}

// Names of programs' parts, and code, in the places where they belong.
const NO_SENTENCES = new Set(["./editor/packs/", "./editor/completion.ts"]);

describe("every sentence", () => {
  const ours = Object.entries(SOURCES).filter(
    ([path]) => ![...NO_SENTENCES].some((each) => path.startsWith(each)),
  );

  it("is looked for in all that the page is made of", () => {
    expect(ours.length).toBeGreaterThan(60);
    expect(Object.keys(PACKAGES).length).toBeGreaterThan(5);
  });

  it("is in words.ts", () => {
    const found = ours.flatMap(([path, source]) =>
      textsIn(source).map((text) => `${path}: ${text}`),
    );
    expect(found).toEqual([]);
  });

  it("would be found elsewhere", () => {
    for (const wrong of [
      '<button aria-label="Close it">',
      '<input placeholder="name" />',
      "<p>Nothing yet.</p>",
      "        Press Run, and see.",
      'say("The server is away")',
      "say(`ended with an exit code`)",
    ]) {
      expect(textsIn(wrong), wrong).not.toEqual([]);
    }
    expect(textsIn('className="button plain icon"')).toEqual([]);
  });

  it("of the editor's packages has one of ours", () => {
    const said = Object.values(PACKAGES).flatMap((source) =>
      [...source.matchAll(/phrase\((?:view, )?"([^"]+)"/g)].map(([, phrase]) => phrase ?? ""),
    );
    expect(said).toContain("Find");
    expect(said.filter((phrase) => !(phrase in words.editorPhrases))).toEqual([]);
  });
});
