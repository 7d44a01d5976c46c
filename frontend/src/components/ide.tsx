// The page: editor beside terminal, and one bar that runs, stops and says how it stands.

import { useCallback, useEffect, useEffectEvent, useRef } from "react";
import { toSend } from "../editor/programFiles";
import { useSettings } from "../editor/settings";
import { useProgram } from "../editor/useProgram";
import type { Place } from "../session/traces";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { InteractiveTerminalOutput, type Size } from "../terminal/InteractiveTerminalOutput";
import { words } from "../words";
import { Announcer } from "./Announcer";
import { EditorPanel } from "./EditorPanel";
import { ProblemPanel } from "./ProblemPanel";
import { RunOptions, RunOptionsButton } from "./RunOptions";
import { StatusLine } from "./StatusLine";
import { Toolbar } from "./Toolbar";
import { useRunOptions } from "./useRunOptions";

const NO_DETAILS: readonly Place[] = [];

export function Ide() {
  const size = useRef<Size>({ cols: 80, rows: 24 });
  const languages = useLanguages();
  const program = useProgram(languages.languages);
  const { settings, change } = useSettings();
  const execution = useWebSocketExecution();
  const { language } = program;
  const canRun = language?.available ?? false;
  const options = useRunOptions(language);

  const run = () => {
    if (language === null || !canRun || execution.isRunning) return;
    const beforehand = options.take();
    if (beforehand === null) return;
    execution.execute({
      language: language.name,
      files: toSend(program.program),
      ...size.current,
      ...beforehand,
    });
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
        <EditorPanel
          language={language}
          program={program}
          problems={problems}
          settings={settings}
          onSettings={change}
        />
        <InteractiveTerminalOutput
          language={execution.language}
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
          isBatch={execution.isBatch}
          stdout={execution.stdout}
          onSave={execution.savedOutput}
          headTools={<RunOptionsButton state={options} />}
          cover={language !== null && <RunOptions language={language} state={options} />}
          idleHint={options.hint}
        />
      </main>
      {execution.problem !== null && (
        <ProblemPanel
          problem={execution.problem}
          nameOf={(place) => (marked ? program.nameOf(place.file ?? "") : null)}
          onJump={(place) => program.goTo(place.file ?? "", place.line, place.column)}
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
