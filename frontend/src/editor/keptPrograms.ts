// A person's programs, kept in their browser: one for each language, written as they type. A tab
// keeps its own as well, so that two tabs with different programs do not lose each other's in a
// reload; a new tab begins with what was written last. What makes room for something else (the
// example, an earlier program) goes to a list of earlier programs.

import { isRecord, ofBrowser, ofTab, parsed, read, store, type Where } from "../storage";
import { oneFile, type ProgramFile, type ProgramFiles, sameFiles } from "./programFiles";

export interface Earlier {
  /** When it was set aside, in milliseconds since 1970. */
  readonly at: number;
  readonly program: ProgramFiles;
}

const LANGUAGE = "codr:language";
const programKey = (language: string) => `codr:program:${language}`;
const earlierKey = (language: string) => `codr:earlier:${language}`;
// Before a program had several files it was a text, and one more was set aside. They are only read.
const oldSource = (language: string) => `codr:source:${language}`;
const oldAside = (language: string) => `codr:aside:${language}`;

// Browsers keep about five million characters for a site.
const MOST_EARLIER = 30;
const MOST_EARLIER_CHARS = 1_500_000;

export class KeptPrograms {
  constructor(
    private readonly tab: Where,
    private readonly browser: Where,
  ) {}

  language(): string | null {
    return read(this.tab, LANGUAGE) ?? read(this.browser, LANGUAGE);
  }

  chooseLanguage(language: string): void {
    this.write(LANGUAGE, language);
  }

  load(language: string, fileName: string): ProgramFiles | null {
    for (const storage of [this.tab, this.browser]) {
      const program = programIn(read(storage, programKey(language)));
      if (program !== null) return program;
      const text = read(storage, oldSource(language));
      if (text !== null) return oneFile(fileName, text);
    }
    return null;
  }

  /** False where the browser does not keep it. */
  save(language: string, program: ProgramFiles): boolean {
    return this.write(programKey(language), JSON.stringify(program));
  }

  /** The latest first. */
  earlier(language: string, fileName: string): readonly Earlier[] {
    const list = earlierIn(read(this.browser, earlierKey(language)));
    if (list !== null) return list;
    const texts = new Set([this.tab, this.browser].map((from) => read(from, oldAside(language))));
    return [...texts].flatMap((text) =>
      text === null ? [] : [{ at: 0, program: oneFile(fileName, text) }],
    );
  }

  /** False where the browser does not keep it. */
  setAside(language: string, fileName: string, program: ProgramFiles, at: number): boolean {
    const others = this.earlier(language, fileName).filter((it) => !sameFiles(it.program, program));
    return this.writeEarlier(language, [{ at, program }, ...others]);
  }

  takeBack(language: string, fileName: string, program: ProgramFiles): void {
    const others = this.earlier(language, fileName).filter((it) => !sameFiles(it.program, program));
    this.writeEarlier(language, others);
  }

  private writeEarlier(language: string, list: readonly Earlier[]): boolean {
    let chars = 0;
    const kept = list.slice(0, MOST_EARLIER).filter((each, index) => {
      chars += JSON.stringify(each).length;
      return index === 0 || chars <= MOST_EARLIER_CHARS;
    });
    return store(this.browser, earlierKey(language), JSON.stringify(kept));
  }

  private write(key: string, value: string): boolean {
    // Each by itself: where one is full, the other may still keep it.
    const inTab = store(this.tab, key, value);
    return store(this.browser, key, value) && inTab;
  }
}

export const keptPrograms = new KeptPrograms(ofTab, ofBrowser);

function programIn(json: string | null): ProgramFiles | null {
  const value = parsed(json);
  return isProgram(value) ? value : null;
}

function earlierIn(json: string | null): readonly Earlier[] | null {
  const value = parsed(json);
  if (!Array.isArray(value)) return null;
  return value.filter(
    (each: unknown): each is Earlier =>
      isRecord(each) && typeof each.at === "number" && isProgram(each.program),
  );
}

function isProgram(value: unknown): value is ProgramFiles {
  if (!isRecord(value) || !Array.isArray(value.files) || !value.files.every(isFile)) return false;
  const ids = value.files.map(({ id }) => id);
  return ids.includes(String(value.main)) && ids.includes(String(value.open));
}

function isFile(value: unknown): value is ProgramFile {
  if (!isRecord(value)) return false;
  return [value.id, value.name, value.text].every((part) => typeof part === "string");
}
