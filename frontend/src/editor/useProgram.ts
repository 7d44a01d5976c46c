// Which language and which files are in the editor. A person's own program is never thrown away:
// the example and an earlier program set it aside, from where it can be brought back, and a file that
// was deleted can be had again at once.

import { useMemo, useRef, useState } from "react";
import type { Language } from "../session/useLanguages";
import { words } from "../words";
import { type Earlier, type KeptPrograms, keptPrograms as kept } from "./keptPrograms";
import {
  fileNamed,
  fileOf,
  freeName,
  newFile,
  oneFile,
  type ProgramFile,
  type ProgramFiles,
  type Saved,
  sameFiles,
  sizeProblem,
  withFile,
  withName,
  withoutFile,
  withText,
} from "./programFiles";

/** A place to go to; a new one each time, also to the same place. */
export interface Target {
  readonly id: string;
  readonly line: number;
  readonly column: number;
}

/** What there is to say about the files; `undo` where it can be taken back. */
export interface FileNote {
  readonly text: string;
  readonly undo: (() => void) | null;
}

interface Shown {
  readonly language: string;
  readonly note: FileNote | null;
  readonly target: Target | null;
}

export type Program = ReturnType<typeof useProgram>;

const NOTHING: Shown = { language: "", note: null, target: null };
const NO_PROGRAM: ProgramFiles = oneFile("", "");

export function useProgram(languages: readonly Language[]) {
  const [chosen, setChosen] = useState(() => kept.language());
  const [programs, setPrograms] = useState<ReadonlyMap<string, ProgramFiles>>(new Map());
  const [shown, setShown] = useState<Shown>(NOTHING);
  const [isKept, setIsKept] = useState(true);
  // Ahead of React: two changes may come before it renders once.
  const latest = useRef(programs);

  const language = pick(languages, chosen);
  const name = language?.name ?? "";
  const fileName = language?.file_name ?? "";
  const example = language?.example ?? "";
  const initial = useMemo(
    () => (name === "" ? NO_PROGRAM : (kept.load(name, fileName) ?? oneFile(fileName, example))),
    [name, fileName, example],
  );
  const program = programs.get(name) ?? initial;
  const isExample = isOnly(program, fileName, example);
  /** Read when it is asked for: it may be long, and another tab may have added to it. */
  const earlier = () => (name === "" ? [] : kept.earlier(name, fileName));
  const { note, target } = shown.language === name ? shown : NOTHING;
  const show = (next: Partial<Shown>) => setShown({ ...NOTHING, ...next, language: name });

  const update = (change: (before: ProgramFiles) => ProgramFiles) => {
    const next = change(latest.current.get(name) ?? initial);
    latest.current = new Map(latest.current).set(name, next);
    setPrograms(latest.current);
    setIsKept(kept.save(name, next));
  };
  const names = (except = "") =>
    program.files.filter(({ id }) => id !== except).map((file) => file.name);

  /** In place of all that is there; that can be had back. */
  const replace = (next: ProgramFiles) => {
    if (!isExample && !setAside(kept, name, fileName, program)) {
      show({ note: { text: words.noRoomAside, undo: null } });
      return false;
    }
    update(() => next);
    setShown(NOTHING);
    return true;
  };
  /** The same in whatever language, which is chosen then. False where there is no room for what was
   * there. `undo`: what is to be taken back besides. */
  const load = (of: Language, next: ProgramFiles, text: string, undo: () => void): boolean => {
    const example = oneFile(of.file_name, of.example);
    const before = latest.current.get(of.name) ?? kept.load(of.name, of.file_name) ?? example;
    const isOwn = !isOnly(before, of.file_name, of.example) && !sameFiles(before, next);
    const isRoom = !isOwn || setAside(kept, of.name, of.file_name, before);
    kept.chooseLanguage(of.name);
    setChosen(of.name);
    if (!isRoom) {
      setShown({ ...NOTHING, language: of.name, note: { text: words.noRoomAside, undo: null } });
      return false;
    }
    const put = (program: ProgramFiles) => {
      latest.current = new Map(latest.current).set(of.name, program);
      setPrograms(latest.current);
      setIsKept(kept.save(of.name, program));
    };
    put(next);
    const back = () => {
      put(before);
      kept.takeBack(of.name, of.file_name, before);
      setShown(NOTHING);
      undo();
    };
    const note = { text, undo: isOwn ? back : null };
    setShown({ ...NOTHING, language: of.name, note });
    return true;
  };
  const restore = (each: Earlier) => {
    if (replace(each.program)) kept.takeBack(name, fileName, each.program);
  };

  return {
    language,
    program,
    /** The one that is shown. */
    file: fileOf(program, program.open) ?? newFile("", ""),
    isExample,
    hasOwn: isExample && earlier().length > 0,
    earlier,
    note,
    target,
    isKept,
    choose: (next: string) => {
      kept.chooseLanguage(next);
      setChosen(next);
    },
    edit: (id: string, text: string) => update((before) => withText(before, id, text)),
    open: (id: string) => update((before) => ({ ...before, open: id })),
    chooseMain: (id: string) => update((before) => ({ ...before, main: id })),
    rename: (id: string, next: string) => update((before) => withName(before, id, next)),
    names,
    add: (files: readonly { readonly name: string; readonly text: string }[], refused: string) => {
      const problem = sizeProblem(
        program,
        files.map(({ text }) => text),
      );
      const text = problem ?? refused;
      show({ note: text === "" ? null : { text, undo: null } });
      if (problem !== null || files.length === 0) return;
      update((before) => files.reduce((all, file) => withNewFile(all, file, example), before));
    },
    remove: (file: ProgramFile) => {
      const index = program.files.indexOf(file);
      const wasMain = program.main === file.id;
      update((before) => withoutFile(before, file.id));
      const undo = () => {
        update((before) => {
          const back = { ...file, name: freeName(file.name, namesOf(before)) };
          const all = withFile(before, back, index);
          return wasMain ? { ...all, main: file.id } : all;
        });
        show({});
      };
      show({ note: { text: words.fileDeleted(file.name), undo } });
    },
    say: (text: string) => show({ note: { text, undo: null } }),
    dismissNote: () => show({}),
    /** Of the file that a compiler or a trace means; null for none of the program's. */
    nameOf: (path: string) => fileNamed(program, path)?.name ?? null,
    goTo: (path: string, line: number, column: number) => {
      const file = fileNamed(program, path);
      if (file === undefined) return;
      update((before) => ({ ...before, open: file.id }));
      show({ note, target: { id: file.id, line, column } });
    },
    loadExample: () => replace(oneFile(fileName, example)),
    backToOwn: () => {
      const [last] = earlier();
      if (last !== undefined) restore(last);
    },
    restore,
    load,
    savedAs: (saved: Saved, text: string) => {
      update((before) => ({ ...before, saved }));
      show({ note: { text, undo: null } });
    },
    /** The server calls a saved program otherwise now; null: it was deleted. */
    renamed: (id: string, name: string | null) => {
      if (program.saved?.id !== id) return;
      update(({ saved: _, ...before }) =>
        name === null ? before : { ...before, saved: { id, name } },
      );
    },
  };
}

/** False where the browser has no room for it. */
function setAside(
  kept: KeptPrograms,
  language: string,
  fileName: string,
  program: ProgramFiles,
): boolean {
  const isEmpty = program.files.every(({ text }) => text.trim() === "");
  return isEmpty || kept.setAside(language, fileName, program, Date.now());
}

/** The untouched example makes room for a file of its name; of anything else nothing is lost. */
function withNewFile(
  program: ProgramFiles,
  { name, text }: { readonly name: string; readonly text: string },
  example: string,
): ProgramFiles {
  const same = program.files.find((file) => file.name === name);
  if (same !== undefined && same.text.trim() === example.trim()) {
    const fresh = newFile(name, text);
    const main = program.main === same.id ? fresh.id : program.main;
    return { ...withFile(withoutAny(program, same.id), fresh), main };
  }
  return withFile(program, newFile(freeName(name, namesOf(program)), text));
}

function withoutAny(program: ProgramFiles, id: string): ProgramFiles {
  return { ...program, files: program.files.filter((file) => file.id !== id) };
}

function namesOf(program: ProgramFiles): string[] {
  return program.files.map(({ name }) => name);
}

function isOnly(program: ProgramFiles, name: string, text: string): boolean {
  const [file, more] = program.files;
  return more === undefined && file?.name === name && file.text.trim() === text.trim();
}

/** The one that was chosen, else the first that can run, else the first. */
function pick(languages: readonly Language[], chosen: string | null): Language | null {
  return (
    languages.find((language) => language.name === chosen) ??
    languages.find((language) => language.available) ??
    languages[0] ??
    null
  );
}
