// What is given before a run, kept in the browser for each language as it is typed.

import { useCallback, useState } from "react";
import {
  type Beforehand,
  beforehandOf,
  bytesIn,
  LIMITS,
  type Mistake,
  mistakesIn,
  NO_OPTIONS,
  type RunOptions,
  splitArgs,
} from "../session/beforehand";
import type { Language } from "../session/useLanguages";
import { optionWords, words } from "../words";
import { runOptionsStore } from "./runOptionsStore";

export interface RunOptionsState {
  readonly options: RunOptions;
  readonly mistakes: readonly Mistake[];
  /** False where it is too much for the browser's storage. */
  readonly isKept: boolean;
  readonly isOpen: boolean;
  readonly isSet: boolean;
  /** How often it was tried to run with mistakes: each time one is led to the first. */
  readonly tries: number;
  readonly hint: string;
  readonly change: (part: Partial<RunOptions>) => void;
  readonly reset: () => void;
  /** In place of all that stands for that language; returns what takes it back. */
  readonly load: (language: string, next: RunOptions) => () => void;
  readonly setOpen: (isOpen: boolean) => void;
  /** For `execute`; null, and the panel open, where something cannot be sent. */
  readonly take: () => Beforehand | null;
}

export function useRunOptions(language: Language | null): RunOptionsState {
  const name = language?.name ?? "";
  const [changed, setChanged] = useState<ReadonlyMap<string, RunOptions>>(new Map());
  const [unkept, setUnkept] = useState<ReadonlySet<string>>(new Set());
  const [isOpen, setOpen] = useState(false);
  const [tries, setTries] = useState(0);
  const options = changed.get(name) ?? runOptionsStore.load(name);
  const mistakes = language === null ? [] : mistakesIn(options, language.limits);

  const put = useCallback((name: string, next: RunOptions) => {
    const isKept = runOptionsStore.save(name, next);
    setUnkept((before) => {
      const now = new Set(before);
      if (isKept) now.delete(name);
      else now.add(name);
      return now;
    });
    setChanged((before) => new Map(before).set(name, next));
  }, []);
  const parts = partsOf(options);
  return {
    options,
    mistakes: tries > 0 ? mistakes : mistakes.filter(({ kind }) => !UNFINISHED.has(kind)),
    isKept: !unkept.has(name),
    isOpen,
    tries,
    isSet: parts.length > 0,
    hint: parts.length > 0 ? optionWords.inUse(parts) : words.footerIdle,
    change: (part) => put(name, { ...options, ...part }),
    reset: () => put(name, NO_OPTIONS),
    load: (of, next) => {
      const before = changed.get(of) ?? runOptionsStore.load(of);
      put(of, next);
      return () => put(of, before);
    },
    setOpen,
    take: () => {
      setOpen(mistakes.length > 0);
      setTries(mistakes.length > 0 ? tries + 1 : 0);
      return mistakes.length > 0 ? null : beforehandOf(options);
    },
  };
}

// What is so of everything that is still being written, and is said when it is to be run.
const UNFINISHED = new Set<Mistake["kind"]>(["no_file", "open_quote"]);

/** In words, what is not as in a plain run. */
function partsOf(options: RunOptions): string[] {
  const parts: string[] = [];
  if (options.inputFrom === "text") parts.push(optionWords.givenText(bytesIn(options.text)));
  if (options.inputFrom === "file" && options.file !== null) {
    parts.push(optionWords.givenFile(options.file.name));
  }
  const args = splitArgs(options.args).args.length;
  if (args > 0) parts.push(optionWords.givenArgs(args));
  const limits = LIMITS.filter(({ name }) => (options.limits[name]?.trim() ?? "") !== "").length;
  if (limits > 0) parts.push(optionWords.givenLimits(limits));
  return parts;
}
