// Every sentence of the page, in one place: plain English, ready to be translated.

import { CLOSE_CODES, type Complete, type Detail, type FinalStatus } from "./protocol";

export const words = {
  appName: "Codr",
  language: "Language",
  loadExample: "Load example",
  loadExampleShort: "Example",
  backToMyCode: "Back to my code",
  backToMyCodeShort: "My code",
  signIn: "Sign in",
  accountOf: (name: string) => `Your account: ${name}`,
  run: "Run",
  runHint: "Run the program (Ctrl+Enter)",
  stop: "Stop",
  stopHint: "End the program",
  stopAgainHint: "The server has not answered yet. Press again to let go of the program.",
  editor: "Program",
  editorLabel: "Program source. Press Escape, then Tab to leave the editor.",
  terminal: "Terminal",
  terminalLog: "What the terminal shows, as text",
  terminalKeys: "Terminal keyboard. Type what the program reads. Shift+Tab leaves.",
  clear: "Clear",
  inputFallbackLabel: "The program waits for your input",
  send: "Send",
  interrupt: "Ctrl+C",
  interruptHint: "Interrupt the program (Ctrl+C)",
  endInput: "Ctrl+D",
  endInputHint: "End of input (Ctrl+D)",
  emptyTerminal: "Press Run, or Ctrl+Enter. What the program writes appears here.",
  footerIdle: "When the program asks something, answer here.",
  footerRunning: "The program is running. You can type ahead in the terminal.",
  dismiss: "Dismiss",
  languagesLoading: "Loading languages…",
  languagesFailed: "The list of languages could not be loaded. Trying again in a few seconds.",
  noExecutor: "No machine that runs programs is up yet. This page goes on looking for one.",
  compiling: "Compiling…",
  rejected: "The program was not started.",
  skippedOutput: (bytes: number) => `${size(bytes)} of output not shown, to keep the page quick`,
  restarted: (reason: string) => `Starting again on another machine: ${reason}`,
  gap: (reason: string) => `Some output is missing here: ${reason}`,
  footerAway: "The server is out of reach. What you type is kept and sent when it is back.",
  kept: "What you type is kept",
  away: "Connection lost. Reconnecting. What you type is kept.",
  back: "Connected again.",
  givenUp:
    "The server has been out of reach for three minutes. What you typed is kept. Check your network, " +
    "then try again.",
  tryAgain: "Try again",
  typedIsCut: "The first lines that you typed are not shown again.",
  unavailable: (title: string, reason: string) =>
    `${title} cannot run here just now${reason ? `: ${reason}` : "."}`,
  problemAt: (detail: Detail) =>
    `${detail.file ? `${detail.file}, ` : ""}line ${detail.line}, column ${detail.column}`,
} as const;

export type LivePhase = "idle" | "connecting" | "queued" | "compiling" | "running" | "waiting";

export function phaseWords(phase: LivePhase, queuePosition: number | null): string {
  switch (phase) {
    case "idle":
      return "Ready";
    case "connecting":
      return "Connecting…";
    case "queued":
      return queuePosition === null ? "Queued" : `Queued, place ${queuePosition}`;
    case "compiling":
      return "Compiling…";
    case "running":
      return "Running…";
    case "waiting":
      return "Waiting for you";
  }
}

export const STOPPING = "Stopping…";
export const NOT_RUN = "Did not run";
export const CONNECTION_LOST = "Connection lost";
export const GONE = "No longer there";
export const RECONNECTING = "Reconnecting…";

export function finalWords(status: FinalStatus): string {
  switch (status) {
    case "completed":
      return "Finished";
    case "compile_error":
      return "Did not compile";
    case "time_limit":
      return "Time limit reached";
    case "memory_limit":
      return "Memory limit reached";
    case "process_limit":
      return "Process limit reached";
    case "file_size_limit":
      return "File size limit reached";
    case "output_limit":
      return "Output limit reached";
    case "input_timeout":
      return "Waited too long for input";
    case "signaled":
      return "Ended by a signal";
    case "cancelled":
      return "Stopped";
    case "rejected":
      return "Not allowed to run";
    case "failed":
      return "Codr failed";
  }
}

/** The line that the terminal closes a run with. */
export function endLine(complete: Complete): string {
  const parts = [finalWords(complete.status)];
  if (complete.status === "rejected") return parts.join("");
  if (complete.signal) parts.push(complete.signal);
  if (typeof complete.exit_code === "number") parts.push(`exit code ${complete.exit_code}`);
  parts.push(seconds(complete.execution_time ?? 0));
  return parts.join(" · ");
}

export function resultWords(complete: Complete): string[] {
  const parts: string[] = [];
  // It never ran, so there is nothing to measure.
  if (complete.status === "rejected") return parts;
  if (typeof complete.exit_code === "number") parts.push(`Exit code ${complete.exit_code}`);
  if (complete.signal) parts.push(complete.signal);
  parts.push(seconds(complete.execution_time ?? 0));
  parts.push(`CPU ${seconds(complete.cpu_time ?? 0)}`);
  if (complete.memory) parts.push(size(complete.memory));
  if (complete.truncated) parts.push("output was cut off");
  return parts;
}

export function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${Math.round(kib)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

/** Why the connection is gone before the program ended, and what to do about it. */
export function closeWords(code: number, wasOpen: boolean): string {
  switch (code) {
    case CLOSE_CODES.BAD_FIRST_MESSAGE:
      return "The server did not understand this page. Reload the page and run again.";
    case CLOSE_CODES.NOT_SIGNED_IN:
      return "Running programs here needs an account. Sign in and run again.";
    case CLOSE_CODES.FORBIDDEN:
      return "This page may not use that program or this server. Open Codr at its own address.";
    case CLOSE_CODES.NO_SUCH_JOB:
      return "This run is gone: the server no longer has it. Run the program again.";
    case CLOSE_CODES.NO_FIRST_MESSAGE:
      return "The program took too long to reach the server. Run it again.";
    case CLOSE_CODES.ALREADY_RUNNING:
      return "A program of yours is already running on this connection. Stop it, then run again.";
    case CLOSE_CODES.TOO_LARGE:
      return "This is more than the server takes at once. Make the program or its input smaller.";
    case CLOSE_CODES.TOO_MANY:
      return "You started many programs in a short time. Wait a minute, then run again.";
    case CLOSE_CODES.NO_WORKER:
      return "No machine is free to run this just now. Wait a little, then run again.";
    default:
      return wasOpen
        ? "The connection to the server was lost, so the rest of the output cannot be shown. " +
            "Check your network, then run again."
        : "The server cannot be reached. Check your network, then run again.";
  }
}
