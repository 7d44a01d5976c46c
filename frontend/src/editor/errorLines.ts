// Tints the whole line of an error, so that it is found at a glance: its mark is a small one.

import { forEachDiagnostic, setDiagnosticsEffect } from "@codemirror/lint";
import type { EditorState } from "@codemirror/state";
import { Decoration, type DecorationSet, ViewPlugin } from "@codemirror/view";

const tinted = Decoration.line({ class: "cm-error-line" });

export const errorLines = ViewPlugin.define(
  (view) => ({
    lines: linesOf(view.state),
    update({ state, docChanged, transactions }) {
      const effects = transactions.flatMap((transaction) => transaction.effects);
      if (docChanged || effects.some((effect) => effect.is(setDiagnosticsEffect))) {
        this.lines = linesOf(state);
      }
    },
  }),
  { decorations: ({ lines }) => lines },
);

function linesOf(state: EditorState): DecorationSet {
  const starts = new Set<number>();
  forEachDiagnostic(state, (_, from) => starts.add(state.doc.lineAt(from).from));
  return Decoration.set(
    [...starts].map((start) => tinted.range(start)),
    true,
  );
}
