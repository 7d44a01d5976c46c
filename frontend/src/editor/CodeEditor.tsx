// The editor: one document for each file, each with its own history of changes.

import { toggleComment } from "@codemirror/commands";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useEffectEvent, useImperativeHandle, useRef } from "react";
import type { Place } from "../session/traces";
import { loadAssistance, loadKeys, loadPack, openSearch } from "./languages";
import { otherTexts } from "./otherTexts";
import type { Settings } from "./settings";
import { editorSetup, readOnlySetup, settingsSetup } from "./setup";
import type { Target } from "./useProgram";

export interface EditorHandle {
  focus(): void;
  search(): void;
  toggleComment(): void;
}

interface Props {
  readonly ref: Ref<EditorHandle>;
  /** The file's id. */
  readonly documentName: string;
  readonly initialText: string;
  readonly highlight: string;
  readonly settings: Settings;
  /** Of all files; a new list for each run. */
  readonly problems: readonly Place[];
  readonly isHere: (place: Place) => boolean;
  readonly target: Target | null;
  /** To be read, and not changed. */
  readonly isReadOnly?: boolean;
  readonly getOtherTexts: () => readonly string[];
  readonly onChange: (documentName: string, text: string) => void;
}

/** What of every document's set-up may change while it is there. */
class Parts {
  readonly assistance = new Compartment();
  readonly pack = new Compartment();
  readonly keys = new Compartment();
  readonly settings = new Compartment();

  /** Once it has come, every document has it from its beginning. */
  helps: Extension = [];

  readonly initial = (): Extension => [
    this.keys.of([]),
    this.assistance.of(this.helps),
    editorSetup,
    this.settings.of([]),
    this.pack.of([]),
  ];
}

export function CodeEditor(props: Props) {
  const { documentName, highlight, settings, problems, target } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const documents = useRef(new Map<string, EditorState>());
  const marked = useRef(new Map<string, readonly Place[]>());
  const parts = useRef(new Parts());
  const changed = useEffectEvent(props.onChange);
  const isReadOnly = props.isReadOnly ?? false;
  const initialText = useEffectEvent(() => props.initialText);
  const isHere = useEffectEvent(props.isHere);
  const texts = useEffectEvent(() => props.getOtherTexts());

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
    const hadFocus = editor.hasFocus;
    editor.setState(
      kept.get(documentName) ??
        EditorState.create({
          doc: initialText(),
          extensions: [
            parts.current.initial(),
            isReadOnly ? readOnlySetup : [],
            otherTexts.of(() => texts()),
            EditorView.updateListener.of((update) => {
              if (update.docChanged) changed(documentName, update.state.doc.toString());
            }),
          ],
        }),
    );
    if (hadFocus) editor.focus();
    return () => {
      kept.set(documentName, editor.state);
    };
  }, [documentName, isReadOnly]);

  useEffect(() => {
    if (documentName === "") return;
    let current = true;
    const { assistance } = parts.current;
    void loadAssistance().then((extension) => {
      parts.current.helps = extension;
      const editor = view.current;
      if (!current || editor === null || assistance.get(editor.state) === extension) return;
      editor.dispatch({ effects: assistance.reconfigure(extension) });
    });
    return () => {
      current = false;
    };
  }, [documentName]);

  useEffect(() => {
    let current = documentName !== "";
    void loadPack(highlight).then((extension) => {
      const effects = parts.current.pack.reconfigure(extension);
      if (current) view.current?.dispatch({ effects });
    });
    return () => {
      current = false;
    };
  }, [documentName, highlight]);

  useEffect(() => {
    let current = documentName !== "";
    void loadKeys(settings.keys).then((extension) => {
      const effects = parts.current.keys.reconfigure(extension);
      if (current) view.current?.dispatch({ effects });
    });
    return () => {
      current = false;
    };
  }, [documentName, settings.keys]);

  useEffect(() => {
    if (documentName === "") return;
    view.current?.dispatch({
      effects: parts.current.settings.reconfigure(settingsSetup(settings)),
    });
  }, [documentName, settings]);

  useEffect(() => {
    const editor = view.current;
    // Once for each run: after that the marks move with the text.
    if (editor === null || documentName === "" || marked.current.get(documentName) === problems) {
      return;
    }
    marked.current.set(documentName, problems);
    const here = problems.filter((place) => isHere(place));
    editor.dispatch(setDiagnostics(editor.state, diagnostics(editor.state.doc, here)));
  }, [documentName, problems]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || target === null || target.id !== documentName) return;
    const anchor = positionOf(editor.state.doc, target.line, target.column);
    const effects = EditorView.scrollIntoView(anchor, { y: "center" });
    editor.dispatch({ selection: { anchor }, effects });
    editor.focus();
  }, [documentName, target]);

  useImperativeHandle(props.ref, () => ({
    focus: () => view.current?.focus(),
    search: () => {
      if (view.current !== null) void openSearch(view.current);
    },
    toggleComment: () => view.current !== null && toggleComment(view.current),
  }));

  return <div className="editor" data-testid="editor" ref={box} />;
}

function diagnostics(doc: Text, problems: readonly Place[]): Diagnostic[] {
  return problems
    .filter(({ isCaller }) => !isCaller)
    .map((problem): Diagnostic => {
      const from = positionOf(doc, problem.line, problem.column);
      const rest = doc.sliceString(from, doc.lineAt(from).to);
      const marked = problem.column > 0 ? /^\w+/.exec(rest)?.[0] : rest.trimEnd();
      const to = from + (marked?.length ?? 0);
      return { from, to, severity: "error", message: problem.message };
    })
    .sort((a, b) => a.from - b.from);
}

/**
 * Lines and columns count from 1; what lies outside of the text is drawn to its edge. A column of 0 is
 * not known: the first letter of the line.
 */
function positionOf(doc: Text, line: number, column: number): number {
  const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const offset = column > 0 ? column - 1 : text.length - text.trimStart().length;
  return Math.min(from + offset, to);
}
