// The editor: one document for each language, each with its own history of changes.

import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useEffectEvent, useImperativeHandle, useRef } from "react";
import type { Detail } from "../protocol";
import { loadHighlighting } from "./languages";
import { editorSetup } from "./setup";

export interface EditorHandle {
  /** Replaces the whole text as one change that can be undone. */
  replace(text: string): void;
  jumpTo(line: number, column: number): void;
}

interface Props {
  readonly ref: Ref<EditorHandle>;
  readonly documentName: string;
  readonly initialText: string;
  readonly highlight: string;
  readonly problems: readonly Detail[];
  readonly onChange: (documentName: string, text: string) => void;
}

export function CodeEditor(props: Props) {
  const { documentName, highlight, problems } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const documents = useRef(new Map<string, EditorState>());
  const pack = useRef(new Compartment());
  const changed = useEffectEvent(props.onChange);
  const initialText = useEffectEvent(() => props.initialText);

  useEffect(() => {
    if (box.current === null) return;
    const editor = new EditorView({ parent: box.current });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const kept = documents.current;
    editor.setState(
      kept.get(documentName) ??
        EditorState.create({
          doc: initialText(),
          extensions: [
            editorSetup,
            pack.current.of([]),
            EditorView.updateListener.of((update) => {
              if (update.docChanged) changed(documentName, update.state.doc.toString());
            }),
          ],
        }),
    );
    return () => {
      kept.set(documentName, editor.state);
    };
  }, [documentName]);

  useEffect(() => {
    let current = documentName !== "";
    void loadHighlighting(highlight).then((extension) => {
      if (current) view.current?.dispatch({ effects: pack.current.reconfigure(extension) });
    });
    return () => {
      current = false;
    };
  }, [documentName, highlight]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || documentName === "") return;
    editor.dispatch(setDiagnostics(editor.state, diagnostics(editor.state.doc, problems)));
  }, [documentName, problems]);

  useImperativeHandle(props.ref, () => ({
    replace: (text) => {
      const editor = view.current;
      editor?.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    },
    jumpTo: (line, column) => {
      const editor = view.current;
      if (editor === null) return;
      const anchor = positionOf(editor.state.doc, line, column);
      editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor) });
      editor.focus();
    },
  }));

  return <div className="editor" data-testid="editor" ref={box} />;
}

function diagnostics(doc: Text, problems: readonly Detail[]): Diagnostic[] {
  return problems
    .map((problem): Diagnostic => {
      const from = positionOf(doc, problem.line, problem.column);
      const word = /^\w+/.exec(doc.sliceString(from, doc.lineAt(from).to));
      const to = from + (word?.[0].length ?? 0);
      return { from, to, severity: "error", message: problem.message };
    })
    .sort((a, b) => a.from - b.from);
}

/** Lines and columns count from 1; what lies outside of the text is drawn to its edge. */
function positionOf(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + Math.max(column - 1, 0), to);
}
