// What a tab keeps of its latest run, so that a reload finds it again. Output is not kept: the
// server has it. What was typed is kept, since the server's events do not repeat it.

import type { Cancel, Eof, InputResponse, Stdin } from "../protocol";
import { forget, isRecord, ofTab, parsed, read, store } from "../storage";

/** Something that the person gave, and the last event that they had seen then. */
export interface Said {
  readonly after: number;
  readonly type: "answered" | "typed";
  /** As the terminal showed it: empty for a password. */
  readonly text: string;
}

/** What the program is to read. Its sender and number let the server take it once. */
export type Input = (InputResponse | Stdin | Eof) & {
  readonly sender: string;
  readonly input_id: number;
};

export interface KeptRun {
  readonly jobId: string;
  readonly language: string;
  /** All its input was given beforehand. */
  readonly isBatch?: boolean;
  readonly over: boolean;
  readonly said: readonly Said[];
  /** More was typed than is kept, so the earliest is missing in `said`. */
  readonly cut: boolean;
  /** The latest question whose beginning was heard: its event, and until when the server waits. */
  readonly asked?: { readonly seq: number; readonly until: number };
  /** The names under which this tab gave it input: what came under others is told by the server. */
  readonly senders?: readonly string[];
  /** Given, and not known to have arrived. A tab that is a copy of this one sends it too. */
  readonly unsent: readonly (Input | Cancel)[];
}

export interface RunStore {
  load(): KeptRun | null;
  save(run: KeptRun | null): void;
}

const KEY = "codr:run";
const MOST_CHARS = 64 * 1024;
const MOST_PIECES = 2000;

/** One tab's. Where it is not kept, a reload does not find it, and nothing else is different. */
export const tabStore: RunStore = {
  load() {
    const value = parsed(read(ofTab, KEY));
    return isKeptRun(value) ? value : null;
  },
  save(run) {
    if (run === null) forget(ofTab, KEY);
    else store(ofTab, KEY, JSON.stringify(run));
  },
};

/** For a page whose address says what it shows. */
export const noStore: RunStore = { load: () => null, save: () => undefined };

export function withSaid(run: KeptRun, said: Said): KeptRun {
  const all = [...run.said, said];
  let chars = all.reduce((sum, each) => sum + each.text.length, 0);
  let from = 0;
  while (from < all.length - 1 && (chars > MOST_CHARS || all.length - from > MOST_PIECES)) {
    chars -= all[from]?.text.length ?? 0;
    from += 1;
  }
  return { ...run, said: all.slice(from), cut: run.cut || from > 0 };
}

function isKeptRun(value: unknown): value is KeptRun {
  if (!isRecord(value)) return false;
  const hasLists = Array.isArray(value.said) && Array.isArray(value.unsent);
  return typeof value.jobId === "string" && typeof value.language === "string" && hasLists;
}
