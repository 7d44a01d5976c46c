// What every editor of the page has from its first moment, whatever its language.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { words } from "../words";
import { errorLines } from "./errorLines";
import type { Settings } from "./settings";
import { editorTheme } from "./theme";

export const editorSetup: Extension = [
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightActiveLine(),
  history(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  rectangularSelection(),
  crosshairCursor(),
  indentOnInput(),
  bracketMatching(),
  lintGutter(),
  errorLines,
  editorTheme,
  keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
  EditorState.phrases.of(words.editorPhrases),
  EditorView.contentAttributes.of({
    "aria-label": words.editorLabel,
    // It is reached without; but what scrolls around it counts as out of a keyboard's reach.
    tabindex: "0",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
  }),
];

/** The text can be chosen, copied and searched. */
export const readOnlySetup: Extension = [
  EditorState.readOnly.of(true),
  Prec.high(
    EditorView.contentAttributes.of({ "aria-readonly": "true", "aria-label": words.sourceLabel }),
  ),
];

export function settingsSetup({ fontSize, indent, width }: Settings): Extension {
  return [
    EditorView.theme({ "&": { fontSize: `${fontSize}px` } }),
    EditorState.tabSize.of(width),
    indentUnit.of(indent === "tabs" ? "\t" : " ".repeat(width)),
  ];
}
