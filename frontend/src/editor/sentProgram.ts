// A program as the server keeps it, for the editor and its run options, and back. Pure.

import type { JobFile, ProgramRequest, ProgramShared } from "../answers";
import { base64Of, bytesOf } from "../session/base64";
import { beforehandOf, joinArgs, LIMITS, NO_OPTIONS, type RunOptions } from "../session/beforehand";
import { words } from "../words";
import { newFile, type ProgramFiles, toSend } from "./programFiles";

type GivenBefore = Pick<ProgramShared, "stdin" | "encoding" | "arguments" | "limits">;
export type Sent = GivenBefore & Pick<ProgramShared, "language" | "files">;

/** A program with what goes with it, ready for the page. */
export interface Loaded {
  readonly language: string;
  readonly program: ProgramFiles;
  readonly options: RunOptions;
  /** The names of files that are no text, which the editor cannot show. */
  readonly left: readonly string[];
}

export function loadedFrom(sent: Sent): Loaded {
  const texts = sent.files.map((file) => ({ name: file.name, text: textOf(file) }));
  const files = texts.flatMap(({ name, text }) => (text === null ? [] : [newFile(name, text)]));
  const [main] = files.length > 0 ? files : [newFile(words.newFileStem, "")];
  const id = main?.id ?? "";
  return {
    language: sent.language,
    program: {
      files: files.length > 0 ? files : main === undefined ? [] : [main],
      main: id,
      open: id,
    },
    options: optionsOf(sent),
    left: texts.flatMap(({ name, text }) => (text === null ? [name] : [])),
  };
}

export function requestFor(
  name: string,
  language: string,
  program: ProgramFiles,
  options: RunOptions,
): ProgramRequest {
  return { name, language, files: toSend(program), ...beforehandOf(options) };
}

function textOf({ content, encoding }: JobFile): string | null {
  if (encoding !== "base64") return content;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(content));
  } catch {
    return null;
  }
}

function optionsOf({ stdin, encoding, arguments: args, limits }: GivenBefore): RunOptions {
  const given = { ...NO_OPTIONS, args: joinArgs(args), limits: limitTexts(limits) };
  if (stdin === null) return given;
  if (encoding !== "base64" && !/[^\P{Cc}\n\t]/u.test(stdin)) {
    return { ...given, inputFrom: "text", text: stdin };
  }
  // A field of text would change it.
  const base64 = encoding === "base64" ? stdin : base64Of(new TextEncoder().encode(stdin));
  const file = { name: words.keptInput, bytes: bytesOf(base64).length, base64 };
  return { ...given, inputFrom: "file", file };
}

function limitTexts(limits: GivenBefore["limits"]): RunOptions["limits"] {
  return Object.fromEntries(
    LIMITS.flatMap(({ name, unit }) => {
      const value = limits?.[name];
      return typeof value === "number" ? [[name, String(value / unit)]] : [];
    }),
  );
}
