// Where a program failed while it ran, read from what its language wrote to standard error: Python's
// tracebacks, Node's stack traces, Rust's panics, assertions of C and C++. Pure. The latest error
// comes first, each followed by the calls that led to it, the nearest first.

import type { Detail } from "../protocol";
import { MOST_PLACES } from "./diagnostics";

export interface Place extends Detail {
  /** Nothing is wrong here: from here the failing line was called. */
  readonly isCaller?: boolean;
}

interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

// What a program dies of comes last, and no line of a trace is long; both bound the work.
const MOST_CHARS = 256 * 1024;
const LONGEST_LINE = 2000;

export function tracesOf(stderr: string): Place[] {
  const lines = stderr
    .slice(-MOST_CHARS)
    .split(/\r?\n/)
    .map((line) => (line.length > LONGEST_LINE ? "" : line));
  const errors = [...pythonErrors(lines), ...nodeErrors(lines), ...rustPanics(lines)];
  const places = [...errors.reverse().flat(), ...assertions(lines)];
  const seen = new Set<string>();
  return places
    .filter(({ file, line, message, isCaller }) => {
      // A recursion comes by the same line again and again.
      const key = `${file}:${line}:${isCaller ? "" : message}`;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MOST_PLACES);
}

/** `nearest` is where it failed; frames of the language's own library are nobody's to mend. */
function error(frames: readonly Frame[], message: string): Place[] {
  return frames
    .filter(({ file }) => !/^(?:\/usr\/|\/rustc\/|node:|<)/.test(file))
    .map((frame, index) =>
      index === 0 ? { ...frame, message } : { ...frame, message, isCaller: true },
    );
}

// --- Python ---------------------------------------------------------------------------------------

const PYTHON_START = /Traceback \(most recent call last\):$/;
const PYTHON_FRAME = /^ {2,}File "(.+)", line (\d+)/;
// The frame that Python draws around an exception group and its parts.
const GROUP_FRAME = /^ *(?:\+ ?-?\+?-+ .*|\| ?|\+ (?=Exception Group))/;

function pythonErrors(lines: readonly string[]): Place[][] {
  const errors: Place[][] = [];
  let frames: Frame[] = [];
  for (const framed of lines) {
    const line = framed.replace(GROUP_FRAME, "");
    const frame = PYTHON_FRAME.exec(line);
    if (PYTHON_START.test(line)) frames = [];
    else if (frame !== null) {
      frames.unshift({ file: frame[1] ?? "", line: Number(frame[2]), column: 0 });
    } else if (frames.length > 0 && /^\S/.test(line)) {
      errors.push(error(frames, line));
      frames = [];
    }
  }
  return errors;
}

// --- Node -----------------------------------------------------------------------------------------

const NODE_FRAME = /^ {4}at (?:.+ \()?(?:file:\/\/)?([^()]+):(\d+):(\d+)\)?(?: \{)?$/;
const NODE_ERROR = /^(?:Uncaught )?\w*(?:Error|Exception)\b.*/;
const NODE_SPOT = /^(?:file:\/\/)?(\/.+):(\d+)$/;

function nodeErrors(lines: readonly string[]): Place[][] {
  const errors: Place[][] = [];
  let spot: Frame | null = null;
  let message = "";
  let frames: Frame[] = [];
  const close = () => {
    const isSyntax = message.startsWith("SyntaxError");
    // A file that cannot be read as a program is in no stack; nor is what is thrown without one.
    const all = spot !== null && (isSyntax || frames.length === 0) ? [spot, ...frames] : frames;
    if (message !== "" && all.length > 0) errors.push(error(all, message));
    spot = null;
    message = "";
    frames = [];
  };
  lines.forEach((line, index) => {
    const frame = NODE_FRAME.exec(line);
    const begin = NODE_SPOT.exec(line);
    const caret = lines[index + 2]?.indexOf("^") ?? -1;
    if (frame !== null) {
      frames.push(frameOf(frame[1], frame[2], Number(frame[3])));
    } else if (begin !== null && caret >= 0) {
      close();
      spot = frameOf(begin[1], begin[2], caret + 1);
      // The next line is the program's; after the caret follows what was thrown.
      message = lines.slice(index + 3).find((text) => text !== "") ?? "";
    } else if (NODE_ERROR.test(line) && line !== message) {
      close();
      message = line;
    }
  });
  close();
  return errors;
}

function frameOf(file = "", line = "1", column = 0): Frame {
  return { file: decoded(file), line: Number(line), column };
}

/** Node writes a module's address; a program may write anything. */
function decoded(file: string): string {
  try {
    return decodeURI(file);
  } catch {
    return file;
  }
}

// --- Rust, C and C++ ------------------------------------------------------------------------------

// Since 1.73 the message is on the next line; before that it was between quotes.
const PANIC = /^thread '.*'(?: \(\d+\))? panicked at (.+):(\d+):(\d+):$/;
const OLD_PANIC = /^thread '.*' panicked at '(.*)', (\S+):(\d+):(\d+)$/;
const OLD_PANIC_START = /^thread '.*' panicked at '/;
const ASSERTION = /^[^:]+: ([^:\s]+):(\d+): .*(Assertion .+ failed\.)$/;

function rustPanics(lines: readonly string[]): Place[][] {
  return lines.flatMap((line, index) => {
    const now = PANIC.exec(line);
    if (now !== null) {
      return [error([frameOf(now[1], now[2], Number(now[3]))], lines[index + 1] ?? "")];
    }
    if (!OLD_PANIC_START.test(line)) return [];
    // The message may have several lines.
    for (let end = index + 1; end <= Math.min(index + 20, lines.length); end += 1) {
      const old = OLD_PANIC.exec(lines.slice(index, end).join(" "));
      if (old !== null) return [error([frameOf(old[2], old[3], Number(old[4]))], old[1] ?? "")];
    }
    return [];
  });
}

function assertions(lines: readonly string[]): Place[] {
  return lines.flatMap((line) => {
    const match = ASSERTION.exec(line);
    return match === null ? [] : error([frameOf(match[1], match[2])], match[3] ?? "");
  });
}
