// Every sentence of the page, in one place: plain English, ready to be translated.

import { CLOSE_CODES, type Complete, type Detail, type FinalStatus } from "./protocol";
import type { Mistake } from "./session/beforehand";

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
  files: "Files",
  mainFile: "Main file:",
  errorsHere: (count: number) => (count === 1 ? "error" : "errors"),
  programMenu: "Program menu",
  addFile: "New file",
  newFile: "New file…",
  newFileStem: "util",
  openFiles: "Open files…",
  rename: "Rename…",
  renameTitle: (name: string) => `Rename ${name}`,
  renameAction: "Rename",
  makeMain: "Make this the main file",
  deleteFile: "Delete",
  download: "Download this file",
  downloadAll: "Download all (zip)",
  find: "Find and replace",
  toggleComment: "Toggle comment",
  earlier: "Earlier programs…",
  saveProgram: "Save…",
  mine: "My work",
  mineHint: "Your runs and your saved programs",
  sourceLabel: "Program source, to be read.",
  unreachable: "The server cannot be reached. Check your network, then try again.",
  unanswered: (status: number) =>
    `The server could not do that just now (${status}). Wait a little, then try again.`,
  keptInput: "the kept input",
  loadingPanel: "Loading…",
  linkOfRun: "Link to this run",
  openSettings: "Settings…",
  fileName: "File name",
  add: "Add",
  cancel: "Cancel",
  close: "Close",
  undo: "Undo",
  restore: "Bring back",
  dropHere: "Drop files to add them to the program",
  fileDeleted: (name: string) => `${name} was deleted.`,
  notText: (names: readonly string[]) =>
    `Not added: ${names.join(", ")}. A file here is text in UTF-8, of 1 MB at most.`,
  notKept:
    "Your browser has no room to keep this program. Download it, or it may be gone when you close the page.",
  noRoomAside:
    "Your browser has no room to keep this program beside another one. Download it and delete its files first.",
  tooManyFiles: (most: number) => `A program has ${most} files at most. Delete some first.`,
  tooMuchSource: (most: number) =>
    `The files of a program have ${size(most)} together at most. Make them smaller.`,
  nameEmpty: "Give the file a name.",
  namePath: "A name may have folders, as in lib/util.py, but no empty ones and no dots alone.",
  nameCharacters: "Leave out backslashes and characters that cannot be seen.",
  nameStart: "A name does not begin with - or @.",
  nameLong: (most: number) => `A name has ${most} bytes at most.`,
  nameTaken: (name: string) => `There is a file ${name} already.`,
  nameFolder: (name: string) => `${name} cannot be both a file and a folder.`,
  earlierPrograms: "Earlier programs",
  noEarlier: "Nothing yet. What the example takes the place of is kept here.",
  filesOf: (names: readonly string[]) => names.join(", "),
  at: (time: Date) => time.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }),
  settings: "Settings",
  settingsKept: "Kept in this browser.",
  theme: "Theme",
  fontSize: "Font size",
  indentWith: "Indent with",
  indentWidth: "Width",
  keyBindings: "Keys",
  columns: (count: number) => `${count} columns`,
  settingNames: {
    system: "As the system",
    light: "Light",
    dark: "Dark",
    spaces: "Spaces",
    tabs: "Tabs",
    default: "Default",
    vim: "Vim",
    emacs: "Emacs",
  },
  /** By what the editor's own packages call them. */
  editorPhrases: {
    Find: "Find",
    Replace: "Replace with",
    next: "Next",
    previous: "Previous",
    all: "Select all",
    "match case": "Match case",
    regexp: "Regex",
    "by word": "Words",
    replace: "Replace",
    "replace all": "Replace all",
    close: "Close",
    "current match": "Match",
    "on line": "on line",
    "replaced match on line $": "Replaced on line $",
    "replaced $ matches": "Replaced $ times",
    "Go to line": "Go to line",
    go: "Go",
    "Selection deleted": "Selection deleted",
    "Control character": "Control character",
    Completions: "Words to choose from",
    Diagnostics: "Errors",
    "No diagnostics": "No errors",
    "Fold line": "Fold line",
    "Unfold line": "Unfold line",
    "Folded lines": "Folded lines",
    "Unfolded lines": "Unfolded lines",
    to: "to",
    "folded code": "Folded lines",
    unfold: "Unfold",
  },
  terminal: "Terminal",
  terminalLog: "What the terminal shows, as text",
  terminalKeys: "Terminal keyboard. Type what the program reads. Shift+Tab leaves.",
  clear: "Clear",
  inputFallbackLabel: "The program waits for your input",
  send: "Send",
  interrupt: "Ctrl+C",
  interruptSaid: ": interrupt the program",
  interruptHint: "Interrupt the program (Ctrl+C)",
  endInput: "Ctrl+D",
  endInputSaid: ": end of input",
  endInputHint: "End of input (Ctrl+D)",
  emptyTerminal: "Press Run, or Ctrl+Enter. What the program writes appears here.",
  emptyTerminalTouch: "Press Run. What the program writes appears here.",
  footerIdle: "When the program asks something, answer here.",
  footerRunning: "The program is running. You can type ahead in the terminal.",
  footerWatching: "You are watching. Whoever shares this program may let you type.",
  footerBatch: "The program is running with the input that was given beforehand.",
  kinds: { stdout: "Output", stderr: "Errors", input: "Your input", system: "Notes" },
  earlierInput: "Earlier input",
  findInTerminal: "Find",
  findHint: "Find in the terminal (Ctrl+Shift+F)",
  findLabel: "Find in the terminal",
  findPrevious: "Match above (Enter)",
  findNext: "Match below (Shift+Enter)",
  findCase: "Match upper and lower case",
  findClose: "Close the search (Escape)",
  findCount: (at: number, count: number) => {
    if (count === 0) return "Nothing found";
    return at < 0 ? `${count} found` : `${at + 1} of ${count}`;
  },
  copy: "Copy",
  copyHint: "Copy the selection, or else all that the terminal has",
  copied: "Copied",
  copyFailed: "Not copied: select the text and press Ctrl+C",
  save: "Save",
  saveHint: (bytes: number) => `Save the program's output to a file, byte by byte (${size(bytes)})`,
  saveNothing: "Save the program's output: there is none yet",
  saveIsPart: (bytes: number) =>
    `Only ${size(bytes)} of the output could be saved: the page keeps no more than 32 MB of it, or ` +
    "the server had let some go.",
  clearHint: "Clear the terminal",
  links: "Links",
  linksHint: "The addresses that the terminal shows",
  linksLead: "The program wrote this address. Look at it before you open it.",
  linksLeads: "The program wrote these addresses. Look at them before you open them.",
  linkOpens: (address: string) => `${address} (opens a new tab)`,
  outputIsCut: "The output was cut off here: it has reached its limit.",
  dismiss: "Dismiss",
  languagesLoading: "Loading languages…",
  languagesFailed: "The list of languages could not be loaded. Trying again in a few seconds.",
  noExecutor: "No machine that runs programs is up yet. This page goes on looking for one.",
  timeLeft: (left: number) => `${clock(left)} left to answer`,
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
  failedAt: "The program ended with an error.",
  problemAt: (detail: Detail) =>
    `${detail.file ? `${detail.file}, ` : ""}line ${detail.line}` +
    (detail.column > 0 ? `, column ${detail.column}` : ""),
  calledFromHere: "called from here",
} as const;

/** One's runs and saved programs, and what is done with them. */
export const libraryWords = {
  title: "My work",
  runs: "Runs",
  programs: "Programs",
  loading: "Loading…",
  more: "Show more",
  noRuns:
    "Nothing yet. Press Run, or Ctrl+Enter: each run is listed here, with what was said in it.",
  noPrograms:
    "Nothing yet. Press Ctrl+S in the editor, or Save below, to keep a program here under a name.",
  ofAccount: "Kept for your account.",
  ofBrowser:
    "Kept for this browser, as long as it has its cookies. Sign in, and they are your account's.",
  transcript: "Transcript",
  source: "Source",
  again: "Run again",
  named: (action: string, what: string) => `${action}: ${what}`,
  notWhileRunning: "A program is running. Stop it first.",
  shownInTerminal: "Shown in the terminal.",
  loadedRun: "The program of that run is in the editor. Press Run.",
  opened: (name: string) => `${name} is in the editor.`,
  keptAside: "What was here before is under Earlier programs.",
  left: (names: readonly string[]) => `Left out, since they are no text: ${names.join(", ")}.`,
  noLanguage: (name: string) => `This server no longer has the language ${name}.`,
  open: "Open",
  rename: "Rename",
  remove: "Delete",
  removeReally: "Really delete",
  share: "Share",
  stopSharing: "Stop sharing",
  removed: (name: string) => `${name} was deleted.`,
  sharedLead:
    "Who has this link reads the program, runs it and takes a copy. It shows what you save.",
  sharedNoMore: "The link leads nowhere any more.",
  link: "Link",
  copyIt: "Copy",
  copied: "Copied",
  notCopied: "Not copied: select it and press Ctrl+C",
  embedCode: "To embed it in a page",
  frameTitle: "A program to try",
  save: "Save",
  saveTitle: "Save the program",
  saveCurrent: "Save the program in the editor",
  name: "Name",
  nameEmpty: "Give the program a name.",
  taken: (name: string) => `You have a program called ${name} already.`,
  replaceIt: "Replace it",
  saved: (name: string) => `Saved as ${name}.`,
  saving: "Saving…",
  size: (bytes: number) => size(bytes),
} as const;

/** Watching together, and programs that others share. */
export const sharedWords = {
  watch: "Share this run",
  watchHint: "Let others watch this run, or type into it",
  watchTitle: "Share this run",
  byLink: "By a link",
  watchLead:
    "Who has the link sees this program and its terminal live, what you type too, but no passwords.",
  makeLink: "Make a link",
  mayType: "Let them type",
  mayTypeHint: "They answer the program as you do. Stopping it stays yours.",
  withdraw: "Take the link back",
  withdrawn: "The link leads nowhere any more; whoever was watching sees no more.",
  byName: "With accounts",
  byNameLead: "An account of that name sees this run too. Nobody is told whether there is one.",
  accountName: "Name of an account",
  accountEmpty: "Write the name of an account.",
  accountCharacters: "The name of an account has letters, digits and _ . @ + - only.",
  sharedWith: (name: string) => `Shared with ${name}. Signed in, they see it at the address below.`,
  takenFrom: (name: string) => `No longer shared with ${name}.`,
  sharers: "Shared with",
  typing: "May type",
  takeBack: "Take back",
  addressForThem: "Their address for it",
  watching: (title: string) => `Somebody shares this ${title} program with you.`,
  mayTypeNow: "You may type.",
  mayTypeNoMore: "You are watching.",
  ownRun: "This is your own run, as others see it.",
  noSuchRun: "This link leads to no run.",
  noSuchProgram: "This link leads to no program.",
  runHint:
    "It is shown to who is signed in to an account that it is shared with. It may have been taken back.",
  linkHint: "It may have been taken back. Ask whoever gave it to you for another one.",
  watchOver: "It is over. This is what was said in it.",
  noLongerShared: "This run is no longer shared with you.",
  signIn: "Seeing this needs an account here.",
  openCodr: "Open Codr",
  openHere: "Open in Codr",
  program: (name: string, title: string) => `${name}, a ${title} program`,
  readOnly: "Shared with you, to read and to run.",
  fork: "Edit a copy",
  forkHint: "Take a copy into the editor. What you have there is kept.",
  newTab: (name: string) => `${name} (opens a new tab)`,
  embedSignIn:
    "Running programs here needs an account, which a page within another page cannot see. Open it in Codr.",
  broughtAlong: "The program of that page is in the editor.",
  embedEmpty: "There is no program here. Its address needs #code=…, or program=… for a shared one.",
  embedLanguage: (name: string) => `This server has no language called ${name}.`,
} as const;

/** The panel for what is given before a run. */
export const optionWords = {
  open: "Options",
  openHint: "Input beforehand, arguments and limits",
  title: "Run options",
  kept: (title: string) => `Kept in this browser for ${title}.`,
  keptPart: "This input is too large to be kept: give it again after a reload.",
  done: "Done",
  reset: "Reset",
  input: "Input",
  from: {
    terminal: "As the program asks, in the terminal",
    text: "Text, given beforehand",
    file: "A file, byte by byte",
  },
  text: "Text for the program to read",
  textHint: (bytes: number) =>
    `${size(bytes)}. The program gets it exactly as it stands here, then the end of its input.`,
  chooseFile: "Choose a file",
  changeFile: "Choose another file",
  noFile: "No file is chosen.",
  fileHint: (name: string, bytes: number) => `${name}, ${size(bytes)}`,
  fileFailed: "This file could not be read. Choose it again.",
  args: "Arguments",
  argsExample: "--name 'Ada L.' 36",
  argsHint: "As in a shell: spaces separate, quotes keep together.",
  argsRead: (count: number) => (count === 1 ? "1 argument:" : `${count} arguments:`),
  limits: "Limits for a run",
  limitsHint: "Empty means as much as this server allows.",
  limit: {
    cpu_time: "CPU time",
    wall_time: "Time without waiting",
    input_timeout: "Wait for an answer",
    memory: "Memory",
    output: "Output",
    processes: "Processes and threads",
  },
  unit: {
    cpu_time: "s",
    wall_time: "s",
    input_timeout: "s",
    memory: "MB",
    output: "MB",
    processes: "",
  },
  most: (value: number, unit: string) => `up to ${[value, unit].join(" ").trim()}`,
  inUse: (parts: readonly string[]) => `Runs with ${parts.join(", ")}.`,
  givenText: (bytes: number) => `${size(bytes)} of input given beforehand`,
  givenFile: (name: string) => `${name} as its input`,
  givenArgs: (count: number) => (count === 1 ? "1 argument" : `${count} arguments`),
  givenLimits: (count: number) =>
    count === 1 ? "1 limit of your own" : `${count} limits of your own`,
} as const;

export function mistakeWords({ kind, most }: Pick<Mistake, "kind" | "most">): string {
  switch (kind) {
    case "too_large":
      return "Input beforehand can have 1 MB at most. Make it smaller.";
    case "no_file":
      return "Choose a file, or another kind of input.";
    case "open_quote":
      return "A quote has no end here. Close it, or put a backslash before it.";
    case "too_many":
      return "At most 64 arguments of 4,096 characters. Use input beforehand for more.";
    case "no_number":
      return "Write a number above 0, or nothing.";
    case "too_high":
      return `This server allows ${most} at most.`;
  }
}

export type LivePhase = "idle" | "connecting" | "queued" | "compiling" | "running" | "waiting";

/** `ahead`: how many jobs are taken before it. */
export function phaseWords(phase: LivePhase, ahead: number | null): string {
  switch (phase) {
    case "idle":
      return "Ready";
    case "connecting":
      return "Connecting…";
    case "queued":
      return ahead ? `Queued, ${ahead} ahead` : "Queued";
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

export function isFinal(status: string): status is FinalStatus {
  return status !== "queued" && status !== "running";
}

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

/** Of an earlier run, in a list. */
export function statusWordsOf(status: string, exitCode: number | null): string {
  if (!isFinal(status)) return phaseWords(status === "queued" ? "queued" : "running", null);
  const text = finalWords(status);
  if (status !== "completed" || exitCode === null || exitCode === 0) return text;
  return `${text}, exit code ${exitCode}`;
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

/** Minutes and seconds, as a clock shows what is left: 0 only when nothing is. */
function clock(left: number): string {
  const whole = Math.ceil(left);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${Math.round(kib)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

/** What the server refused to a person; null where its own sentence says it best, since the server
 * speaks to programs too. */
export function refusalWords(code: string): string | null {
  switch (code) {
    case "not_signed_in":
      return "This needs an account here. Sign in, then try again.";
    case "wrong_origin":
      return closeWords(CLOSE_CODES.FORBIDDEN, true);
    case "csrf":
      return "The server no longer knows this page. Reload the page, then try again.";
    default:
      return null;
  }
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
