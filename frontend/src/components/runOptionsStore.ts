// Run options in the browser's storage, one entry for each language. As with sources a tab keeps its
// own as well, so that two tabs do not lose each other's in a reload.

import { LIMITS, NO_OPTIONS, type RunOptions } from "../session/beforehand";
import { ofBrowser, ofTab, read, recordIn, store } from "../storage";

// Storage has a few megabytes for the whole page, and the programs in it matter more.
const MOST_CHARS = 256 * 1024;

const key = (language: string) => `codr:options:${language}`;
const cache = new Map<string, { readonly json: string | null; readonly options: RunOptions }>();

export const runOptionsStore = {
  /** The same object for the same content, so that it may be read at every rendering. */
  load(language: string): RunOptions {
    const json = read(ofTab, key(language)) ?? read(ofBrowser, key(language));
    const cached = cache.get(language);
    if (cached !== undefined && cached.json === json) return cached.options;
    const options = parseOptions(json);
    cache.set(language, { json, options });
    return options;
  },

  /** Whether all of it is kept; input that is too large is not. */
  save(language: string, options: RunOptions): boolean {
    const json = JSON.stringify(options);
    const isSmall = json.length <= MOST_CHARS;
    const kept = isSmall ? json : JSON.stringify({ ...options, text: "", file: null });
    return [ofTab, ofBrowser].every((where) => store(where, key(language), kept)) && isSmall;
  },
};

/** What is not as this page writes it is left out. */
export function parseOptions(json: string | null): RunOptions {
  const value = recordIn(json);
  const file = value.file as Partial<Record<string, unknown>> | null;
  const isFile =
    typeof file?.name === "string" &&
    typeof file.bytes === "number" &&
    typeof file.base64 === "string";
  const limits = (value.limits ?? {}) as Partial<Record<string, unknown>>;
  const { inputFrom } = value;
  return {
    inputFrom: inputFrom === "text" || inputFrom === "file" ? inputFrom : NO_OPTIONS.inputFrom,
    text: typeof value.text === "string" ? value.text : "",
    file: isFile ? (file as unknown as RunOptions["file"]) : null,
    args: typeof value.args === "string" ? value.args : "",
    limits: Object.fromEntries(
      LIMITS.flatMap(({ name }) => {
        const text = limits[name];
        return typeof text === "string" ? [[name, text]] : [];
      }),
    ),
  };
}
