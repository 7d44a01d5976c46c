// Language packs, each loaded when a program of its language is first opened.

import type { Extension } from "@codemirror/state";

/** `highlight` is what the server's language file calls it; an unknown one is plain text. */
export async function loadHighlighting(highlight: string): Promise<Extension> {
  switch (highlight) {
    case "python":
      return (await import("@codemirror/lang-python")).python();
    case "javascript":
      return (await import("@codemirror/lang-javascript")).javascript();
    case "c":
    case "cpp":
      return (await import("@codemirror/lang-cpp")).cpp();
    case "rust":
      return (await import("@codemirror/lang-rust")).rust();
    default:
      return [];
  }
}
