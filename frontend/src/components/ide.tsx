// The page: editor beside terminal, and one bar that runs, stops and says how it stands.

import { useCallback, useEffect, useEffectEvent, useRef } from "react";
import { CodeEditor, type EditorHandle } from "../editor/CodeEditor";
import { useProgram } from "../editor/useProgram";
import type { Detail } from "../protocol";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { InteractiveTerminalOutput, type Size } from "../terminal/InteractiveTerminalOutput";
import { words } from "../words";
import { Announcer } from "./Announcer";
import { ProblemPanel } from "./ProblemPanel";
import { StatusLine } from "./StatusLine";
import { Toolbar } from "./Toolbar";

const NO_DETAILS: readonly Detail[] = [];

export function Ide() {
  const editor = useRef<EditorHandle>(null);
  const size = useRef<Size>({ cols: 80, rows: 24 });
  const languages = useLanguages();
  const program = useProgram(languages.languages, editor);
  const execution = useWebSocketExecution();
  const { language } = program;
  const canRun = language?.available ?? false;

  const run = () => {
    if (language === null || !canRun) return;
    execution.execute({ language: language.name, code: program.text, ...size.current });
  };
  const { resize } = execution;
  const resized = useCallback(
    (now: Size) => {
      size.current = now;
      resize(now.cols, now.rows);
    },
    [resize],
  );
  useRunKey(run);

  // A mark belongs to the program that was run, not to the one chosen since.
  const marked = execution.language === language?.name;
  const problems = (marked ? execution.problem?.details : undefined) ?? NO_DETAILS;

  return (
    <div className="ide">
      <Toolbar
        languages={languages.languages}
        program={program}
        isRunning={execution.isRunning}
        stopping={execution.stopping}
        canRun={canRun}
        onRun={run}
        onStop={execution.stop}
      />
      <Notice languages={languages} />
      {language !== null && !language.available && languages.executors > 0 && (
        <p className="notice">{words.unavailable(language.title, language.reason)}</p>
      )}
      <main className="panels">
        <section className="panel editor-panel" aria-label={words.editor}>
          <div className="panel-head">
            <h2>{language?.file_name ?? words.editor}</h2>
            <span className="version">{language?.version ?? ""}</span>
          </div>
          {language === null ? (
            <div className="editor" data-testid="editor" />
          ) : (
            <CodeEditor
              ref={editor}
              documentName={language.name}
              initialText={program.text}
              highlight={language.highlight}
              problems={problems}
              onChange={program.edit}
            />
          )}
        </section>
        <InteractiveTerminalOutput
          outputLines={execution.outputLines}
          seq={execution.seq}
          screen={execution.screen}
          isRunning={execution.isRunning}
          isAway={execution.link === "away" || execution.link === "given_up"}
          question={execution.question}
          keys={execution.keys}
          onInput={execution.sendInput}
          onKeys={execution.sendKeys}
          onInterrupt={execution.interrupt}
          onEof={execution.sendEof}
          onResize={resized}
          onDrawn={execution.drawn}
        />
      </main>
      {execution.problem !== null && (
        <ProblemPanel
          problem={execution.problem}
          onJump={(detail) => editor.current?.jumpTo(detail.line, detail.column)}
          onTryAgain={execution.link === "given_up" ? execution.tryAgain : null}
          onDismiss={execution.dismiss}
        />
      )}
      <StatusLine state={execution} />
      <Announcer state={execution} />
    </div>
  );
}

function Notice({ languages }: { readonly languages: ReturnType<typeof useLanguages> }) {
  if (languages.failed) return <p className="notice">{words.languagesFailed}</p>;
  if (!languages.loaded) return null;
  if (languages.executors > 0) return null;
  return <p className="notice">{words.noExecutor}</p>;
}

/** Heard before the editor and the terminal, which would both do something else with it. */
function useRunKey(run: () => void): void {
  const pressed = useEffectEvent(run);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      pressed();
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  }, []);
}
