// Language packs (grammar, words, snippets) and key bindings, each loaded when it is first needed.

import { type Extension, Prec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Settings } from "./settings";

const BY_ENDING: Record<string, string> = {
  py: "python",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  c: "c",
  cc: "cpp",
  cpp: "cpp",
  cxx: "cpp",
  hpp: "cpp",
  rs: "rust",
};

/** `ofProgram` is what the server's language file calls that of the program. */
export function highlightOf(fileName: string, ofProgram: string): string {
  const ending = /\.(\w+)$/.exec(fileName)?.[1]?.toLowerCase() ?? "";
  // A header is C's or C++'s, as the program is.
  if (ending === "h") return ofProgram === "c" ? "c" : "cpp";
  return BY_ENDING[ending] ?? "";
}

/** An unknown one is plain text. */
export async function loadPack(highlight: string): Promise<Extension> {
  switch (highlight) {
    case "python":
      return (await import("./packs/python")).pack();
    case "javascript":
      return (await import("./packs/javascript")).pack();
    case "c":
      return (await import("./packs/cFamily")).c();
    case "cpp":
      return (await import("./packs/cFamily")).cpp();
    case "rust":
      return (await import("./packs/rust")).pack();
    default:
      return [];
  }
}

/** Of every document: what helps to write in it. */
export async function loadAssistance(): Promise<Extension> {
  return (await import("./assistance")).assistance;
}

export async function openSearch(view: EditorView): Promise<void> {
  (await import("./assistance")).openSearchPanel(view);
}

/** Before all others: who chose them wants their Ctrl+D and Escape. */
export async function loadKeys(keys: Settings["keys"]): Promise<Extension> {
  switch (keys) {
    case "vim":
      return Prec.highest((await import("@replit/codemirror-vim")).vim({ status: true }));
    case "emacs":
      return Prec.highest((await import("@replit/codemirror-emacs")).emacs());
    case "default":
      return [];
  }
}
