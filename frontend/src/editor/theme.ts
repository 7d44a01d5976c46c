// The editor's looks. Colours are the page's own variables, so light and dark need no second theme.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const looks = EditorView.theme({
  "&": {
    height: "100%",
    color: "var(--text)",
    backgroundColor: "var(--surface)",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--accent)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": {
    backgroundColor: "var(--surface)",
    color: "var(--faint)",
    border: "none",
    paddingLeft: "4px",
  },
  ".cm-activeLine": { backgroundColor: "var(--line-active)" },
  ".cm-error-line": { backgroundColor: "var(--danger-soft)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--selection-match)" },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--selection)",
    outline: "1px solid var(--border-strong)",
  },
  ".cm-panels, .cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    borderColor: "var(--border)",
  },
  ".cm-tooltip": { borderRadius: "8px", overflow: "hidden" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  // The packages' own marks are data: images, which the content security policy refuses.
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--danger) 1px",
    textUnderlineOffset: "3px",
  },
  ".cm-lintPoint-error::after": { borderBottomColor: "var(--danger)" },
  ".cm-gutter-lint .cm-lint-marker-error": {
    content: "normal",
    width: "8px",
    height: "8px",
    margin: "6px 3px",
    borderRadius: "2px",
    backgroundColor: "var(--danger)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
  ".cm-completionDetail": { color: "var(--muted)", fontSize: "0.9em" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-searchMatch": { backgroundColor: "var(--found)" },
  ".cm-searchMatch-selected": {
    backgroundColor: "var(--found)",
    outline: "2px solid var(--accent)",
  },
  ".cm-panels-top": { borderBottomColor: "var(--border)" },
  ".cm-panel.cm-search": {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "6px",
    padding: "8px 42px 8px 8px",
    fontFamily: "var(--sans)",
    fontSize: "13px",
  },
  ".cm-panel.cm-search br": { display: "none" },
  ".cm-panel.cm-search label": {
    display: "inline-flex",
    alignItems: "center",
    gap: "5px",
    minHeight: "24px",
    margin: "0 4px 0 0",
    fontSize: "13px",
  },
  ".cm-panel.cm-search input, .cm-panel.cm-search button": { margin: "0" },
  ".cm-panel.cm-search input[type=checkbox]": {
    width: "15px",
    height: "15px",
    accentColor: "var(--accent)",
  },
  ".cm-panel.cm-search .cm-textfield": {
    // With its two buttons it fills a row.
    flex: "1 1 calc(100% - 190px)",
    minWidth: "80px",
    height: "30px",
    padding: "0 9px",
    borderRadius: "7px",
    fontFamily: "var(--mono)",
    fontSize: "13px",
  },
  // Of no use to fingers, and its room is needed.
  "@media (pointer: coarse)": { ".cm-panel.cm-search button[name=select]": { display: "none" } },
  ".cm-panel.cm-search button[name=close]": {
    top: "6px",
    right: "6px",
    width: "32px",
    height: "32px",
    borderRadius: "7px",
    color: "var(--muted)",
    fontSize: "20px",
    cursor: "pointer",
  },
  ".cm-textfield": {
    border: "1px solid var(--border-strong)",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
  },
  ".cm-button": {
    minHeight: "30px",
    padding: "0 8px",
    border: "1px solid var(--border-strong)",
    borderRadius: "7px",
    backgroundImage: "none",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    fontFamily: "inherit",
    fontSize: "13px",
    cursor: "pointer",
  },
  ".cm-vim-panel": { padding: "4px 12px", fontSize: "13px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.character], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName],
    color: "var(--code-function)",
  },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
  { tag: [tags.meta, tags.processingInstruction], color: "var(--code-meta)" },
  { tag: tags.invalid, color: "var(--danger)" },
]);

export const editorTheme: Extension = [looks, syntaxHighlighting(colours)];
