// A program as its files: what can be done to them, and what the server takes. Pure.

import type { SourceFile } from "../protocol";
import { words } from "../words";

export interface ProgramFile {
  /** Stays when the file is renamed. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

export interface ProgramFiles {
  readonly files: readonly ProgramFile[];
  /** The ids of the file that runs, and of the one that is shown. */
  readonly main: string;
  readonly open: string;
  /** Under which name the server keeps it, once it was saved. */
  readonly saved?: Saved;
}

export interface Saved {
  readonly id: string;
  readonly name: string;
}

// The server's own bounds, so that who adds a file hears of them at once.
export const MOST_FILES = 32;
export const MOST_BYTES = 1024 * 1024;
const MOST_NAME_BYTES = 200;

const bytesIn = (text: string): number => new TextEncoder().encode(text).length;

export function newFile(name: string, text: string): ProgramFile {
  return { id: String(Math.random()).slice(2), name, text };
}

export function oneFile(name: string, text: string): ProgramFiles {
  const file = newFile(name, text);
  return { files: [file], main: file.id, open: file.id };
}

export function fileOf(program: ProgramFiles, id: string): ProgramFile | undefined {
  return program.files.find((file) => file.id === id);
}

/** The server's order: the first one is the program. */
export function toSend(program: ProgramFiles): SourceFile[] {
  const main = program.files.filter(({ id }) => id === program.main);
  const others = program.files.filter(({ id }) => id !== program.main);
  return [...main, ...others].map(({ name, text }) => ({ name, content: text }));
}

export function withText(program: ProgramFiles, id: string, text: string): ProgramFiles {
  return {
    ...program,
    files: program.files.map((file) => (file.id === id ? { ...file, text } : file)),
  };
}

export function withName(program: ProgramFiles, id: string, name: string): ProgramFiles {
  return {
    ...program,
    files: program.files.map((file) => (file.id === id ? { ...file, name } : file)),
  };
}

/** At its old place where there is one, and shown. */
export function withFile(program: ProgramFiles, file: ProgramFile, at = Infinity): ProgramFiles {
  const files = [...program.files.slice(0, at), file, ...program.files.slice(at)];
  return { ...program, files, open: file.id };
}

/** The last one stays: a program has a file. */
export function withoutFile(program: ProgramFiles, id: string): ProgramFiles {
  const index = program.files.findIndex((file) => file.id === id);
  const files = program.files.filter((file) => file.id !== id);
  const next = files[Math.min(index, files.length - 1)];
  if (next === undefined || index < 0) return program;
  return {
    ...program,
    files,
    main: program.main === id ? (files[0]?.id ?? next.id) : program.main,
    open: program.open === id ? next.id : program.open,
  };
}

/** What is wrong with a name, in a sentence that says what to do; null for a good one. */
export function nameProblem(name: string, others: readonly string[]): string | null {
  const parts = name.split("/");
  if (name === "") return words.nameEmpty;
  if (parts.some((part) => part === "" || part === "." || part === "..")) return words.namePath;
  if (/[\\\p{C}\p{Zl}\p{Zp}]|[^\S ]/u.test(name)) return words.nameCharacters;
  if (parts.some((part) => /^[-@]/.test(part))) return words.nameStart;
  if (bytesIn(name) > MOST_NAME_BYTES) return words.nameLong(MOST_NAME_BYTES);
  if (others.includes(name)) return words.nameTaken(name);
  const isFolder = (folder: string, file: string) => file.startsWith(`${folder}/`);
  const folder = others.find((other) => isFolder(other, name) || isFolder(name, other));
  return folder === undefined ? null : words.nameFolder(folder);
}

/** `name`, numbered where it is taken: `data.txt`, `data-2.txt`. */
export function freeName(name: string, taken: readonly string[]): string {
  const dot = name.lastIndexOf(".");
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let free = name;
  for (let count = 2; nameProblem(free, taken) !== null && count < 1000; count += 1) {
    free = `${stem}-${count}${end}`;
  }
  return free;
}

/** Why `texts` cannot be added, or null. */
export function sizeProblem(program: ProgramFiles, texts: readonly string[]): string | null {
  if (program.files.length + texts.length > MOST_FILES) return words.tooManyFiles(MOST_FILES);
  const all = [...program.files.map(({ text }) => text), ...texts];
  const bytes = all.reduce((sum, text) => sum + bytesIn(text), 0);
  return bytes > MOST_BYTES ? words.tooMuchSource(MOST_BYTES) : null;
}

export function sameFiles(one: ProgramFiles, other: ProgramFiles): boolean {
  const key = (program: ProgramFiles) => JSON.stringify(toSend(program));
  return key(one) === key(other);
}

/** Which of the files a compiler or a stack trace means: it may name it by a whole path. */
export function fileNamed(program: ProgramFiles, path: string): ProgramFile | undefined {
  if (path === "") return fileOf(program, program.main);
  const plain = path.replace(/^\.\//, "");
  return program.files
    .filter(({ name }) => plain === name || plain.endsWith(`/${name}`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}
