// What a person gives before a run: all the input, arguments, limits. From the text of a form to the
// fields of `execute`, or to what is wrong with it. Pure.

import type { Execute, LimitsRequest } from "../protocol";
import type { LanguageLimits } from "./useLanguages";

export type Beforehand = Pick<Execute, "stdin" | "encoding" | "args" | "limits">;

/** Where the input comes from: the person, as the program asks, or one of two places beforehand. */
export type InputFrom = "terminal" | "text" | "file";

export interface InputFile {
  readonly name: string;
  readonly bytes: number;
  readonly base64: string;
}

export type LimitName = keyof LanguageLimits;

/** As it stands in the form, sensible or not. */
export interface RunOptions {
  readonly inputFrom: InputFrom;
  readonly text: string;
  readonly file: InputFile | null;
  readonly args: string;
  readonly limits: Readonly<Partial<Record<LimitName, string>>>;
}

export type Field = "text" | "file" | "args" | LimitName;

/** `most`: the server has no more than that, in the unit of the form. */
export interface Mistake {
  readonly field: Field;
  readonly kind: "too_large" | "no_file" | "open_quote" | "too_many" | "no_number" | "too_high";
  readonly most?: number;
}

export const NO_OPTIONS: RunOptions = {
  inputFrom: "terminal",
  text: "",
  file: null,
  args: "",
  limits: {},
};

// As the server has them.
export const MOST_INPUT_BYTES = 1024 * 1024;
const MOST_ARGS = 64;
const MOST_ARG_CHARS = 4096;

const MIB = 1024 * 1024;

/** In the order of the form. `unit` is what one of the form is for the server. */
export const LIMITS: readonly { readonly name: LimitName; readonly unit: number }[] = [
  { name: "cpu_time", unit: 1 },
  { name: "wall_time", unit: 1 },
  { name: "input_timeout", unit: 1 },
  { name: "memory", unit: MIB },
  { name: "output", unit: MIB },
  { name: "processes", unit: 1 },
];
const IN_SECONDS = new Set<LimitName>(["cpu_time", "wall_time", "input_timeout"]);

/** What goes with `execute`; only what differs from a plain run. */
export function beforehandOf(options: RunOptions): Beforehand {
  const { args } = splitArgs(options.args);
  const limits = limitsOf(options);
  return {
    ...inputOf(options),
    ...(args.length > 0 ? { args } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
}

function inputOf({ inputFrom, text, file }: RunOptions): Beforehand {
  if (inputFrom === "text") return { stdin: text };
  if (inputFrom === "file" && file !== null) return { stdin: file.base64, encoding: "base64" };
  return {};
}

function limitsOf(options: RunOptions): LimitsRequest {
  const limits: Partial<Record<LimitName, number>> = {};
  for (const { name, unit } of LIMITS) {
    const text = options.limits[name]?.trim() ?? "";
    if (text === "") continue;
    const value = Number(text) * unit;
    limits[name] = IN_SECONDS.has(name) ? value : Math.max(1, Math.round(value));
  }
  return limits;
}

/** Why it cannot be sent like that; in the order of the form. */
export function mistakesIn(options: RunOptions, most: LanguageLimits): Mistake[] {
  const found: Mistake[] = [];
  if (options.inputFrom === "text" && bytesIn(options.text) > MOST_INPUT_BYTES) {
    found.push({ field: "text", kind: "too_large" });
  }
  if (options.inputFrom === "file" && options.file === null) {
    found.push({ field: "file", kind: "no_file" });
  }
  const { args, isOpen } = splitArgs(options.args);
  if (isOpen) found.push({ field: "args", kind: "open_quote" });
  if (args.length > MOST_ARGS || args.some((arg) => arg.length > MOST_ARG_CHARS)) {
    found.push({ field: "args", kind: "too_many" });
  }
  for (const { name, unit } of LIMITS) {
    const text = options.limits[name]?.trim() ?? "";
    if (text === "") continue;
    const value = Number(text);
    if (!(value > 0) || (name === "processes" && !Number.isInteger(value))) {
      found.push({ field: name, kind: "no_number" });
    } else if (value * unit > most[name]) {
      found.push({ field: name, kind: "too_high", most: most[name] / unit });
    }
  }
  return found;
}

export function bytesIn(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Words as a shell takes them apart: spaces separate, quotes of both kinds and backslashes keep
 * together. Nothing is replaced: the program gets `$HOME` and `*` as they are. `isOpen`: a quote has
 * no end.
 */
export function splitArgs(line: string): { readonly args: string[]; readonly isOpen: boolean } {
  const args: string[] = [];
  let word: string | null = null;
  let quote = "";
  const chars = Array.from(line);
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    const next = chars[at + 1];
    if (quote !== "") {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"' && (next === '"' || next === "\\")) {
        word += next;
        at += 1;
      } else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) args.push(word);
      word = null;
    } else if (char === "\\" && next !== undefined) {
      word = (word ?? "") + next;
      at += 1;
    } else word = (word ?? "") + char;
  }
  if (word !== null) args.push(word);
  return { args, isOpen: quote !== "" };
}

/** The line that `splitArgs` takes apart into these again. */
export function joinArgs(args: readonly string[]): string {
  return args
    .map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'"'"'`)}'`))
    .join(" ");
}
