// The address of `/embed`, taken apart. docs/embedding.md describes it. Pure.

import { SCHEMES } from "../editor/settings";
import type { Scheme } from "../scheme";

export interface Embedding {
  /** A language's name or alias; empty for the server's first. */
  readonly language: string;
  readonly theme: Scheme;
  /** The link of a shared program, in place of code. */
  readonly program: string | null;
  readonly code: string | null;
  readonly isReadOnly: boolean;
}

/** `search` and `hash` as the browser's location has them. */
export function embeddingIn(search: string, hash: string): Embedding {
  const query = new URLSearchParams(search);
  const theme = query.get("theme");
  return {
    language: query.get("language") ?? "",
    theme: SCHEMES.find((scheme) => scheme === theme) ?? "system",
    program: query.get("program") || null,
    code: codeIn(hash),
    isReadOnly: query.get("readonly") === "1",
  };
}

/** Percent-encoded, in which a plus is a plus. */
export function codeIn(hash: string): string | null {
  const found = /^#code=(.*)$/s.exec(hash)?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/** The page where one goes on with it, with all that there is to do. */
export function addressInCodr(language: string, code: string): string {
  return `/?language=${encodeURIComponent(language)}#code=${encodeURIComponent(code)}`;
}
