// What the pages for a link have in common: a bar, source beside terminal, and how the run stands.

import { type ReactNode, useId, useRef, useState } from "react";
import { Announcer } from "../components/Announcer";
import { FileTabs, tabId } from "../components/FileTabs";
import { ProblemPanel } from "../components/ProblemPanel";
import { StatusLine } from "../components/StatusLine";
import { CodeEditor, type EditorHandle } from "../editor/CodeEditor";
import { highlightOf } from "../editor/languages";
import { fileNamed, fileOf, newFile, type ProgramFiles } from "../editor/programFiles";
import type { Settings } from "../editor/settings";
import type { Target } from "../editor/useProgram";
import type { Place } from "../session/traces";
import type { Language } from "../session/useLanguages";
import type { Execution } from "../session/useWebSocketExecution";
import { InteractiveTerminalOutput, type Size } from "../terminal/InteractiveTerminalOutput";
import { words } from "../words";
import "../components/editor.css";
import "./pages.css";

interface Props {
  readonly language: Language;
  readonly program: ProgramFiles;
  readonly settings: Settings;
  readonly execution: Execution;
  /** Absent where the source is only to be read. */
  readonly onEdit?: (id: string, text: string) => void;
  readonly onResize: (size: Size) => void;
  readonly bar: ReactNode;
  readonly notice: ReactNode;
  readonly idleHint?: string;
}

const NO_PLACES: readonly Place[] = [];

export function Frame(props: Props) {
  const { language, program, execution, onEdit } = props;
  const [open, setOpen] = useState(program.main);
  const [target, setTarget] = useState<Target | null>(null);
  const editor = useRef<EditorHandle>(null);
  const panelId = useId();
  const file = fileOf(program, open) ?? fileOf(program, program.main) ?? newFile("", "");
  const problems = execution.problem?.details ?? NO_PLACES;
  const jump = (place: Place) => {
    const found = fileNamed(program, place.file ?? "");
    if (found === undefined) return;
    setOpen(found.id);
    setTarget({ id: found.id, line: place.line, column: place.column });
  };
  return (
    <div className="ide link-page">
      <header className="toolbar">{props.bar}</header>
      {props.notice}
      <main className="panels">
        <section className="panel editor-panel" aria-label={words.editor}>
          <h2 className="visually-hidden">{words.editor}</h2>
          <div className="panel-head editor-head">
            <FileTabs
              program={{ ...program, open: file.id }}
              panelId={panelId}
              errors={new Map()}
              onOpen={setOpen}
              onRename={() => undefined}
              onDelete={() => undefined}
            />
            <span className="version">{execution.version || language.version}</span>
          </div>
          <div
            className="editor-body"
            id={panelId}
            role="tabpanel"
            aria-labelledby={tabId(file.id)}
          >
            <CodeEditor
              ref={editor}
              documentName={file.id}
              initialText={file.text}
              highlight={highlightOf(file.name, language.highlight)}
              settings={props.settings}
              problems={problems}
              isHere={(place) => fileNamed(program, place.file ?? "")?.id === file.id}
              target={target}
              isReadOnly={onEdit === undefined}
              getOtherTexts={() => program.files.map(({ text }) => text)}
              onChange={onEdit ?? (() => undefined)}
            />
          </div>
        </section>
        <InteractiveTerminalOutput
          execution={execution}
          onResize={props.onResize}
          idleHint={props.idleHint}
        />
      </main>
      {execution.problem !== null && (
        <ProblemPanel
          problem={execution.problem}
          nameOf={(place) => fileNamed(program, place.file ?? "")?.name ?? null}
          onJump={jump}
          onTryAgain={execution.link === "given_up" ? execution.tryAgain : null}
          onDismiss={execution.dismiss}
        />
      )}
      <StatusLine state={execution} />
      <Announcer state={execution} />
    </div>
  );
}

/** A language as the server has it; one that it no longer has is shown all the same. */
export function languageOf(languages: readonly Language[], name: string): Language {
  const found = languages.find((language) => language.name === name);
  if (found !== undefined) return found;
  const limits = {
    cpu_time: 0,
    wall_time: 0,
    input_timeout: 0,
    memory: 0,
    output: 0,
    processes: 0,
  };
  return {
    name,
    title: name,
    aliases: [],
    file_name: name,
    highlight: "",
    version: "",
    available: false,
    reason: "",
    example: "",
    limits,
  };
}
