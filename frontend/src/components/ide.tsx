// The page: editor beside terminal, and one bar that runs, stops and says how it stands.

import { lazy, Suspense, useCallback, useRef, useState } from "react";
import { type Saved, toSend } from "../editor/programFiles";
import { type Loaded, requestFor } from "../editor/sentProgram";
import { useSettings } from "../editor/settings";
import { useProgram } from "../editor/useProgram";
import type { Place } from "../session/traces";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { InteractiveTerminalOutput, type Size } from "../terminal/InteractiveTerminalOutput";
import { libraryWords, words } from "../words";
import { Announcer } from "./Announcer";
import { EditorPanel } from "./EditorPanel";
import { SaveDialog } from "./library/SaveDialog";
import { ProblemPanel } from "./ProblemPanel";
import { RunOptions, RunOptionsButton } from "./RunOptions";
import { StatusLine } from "./StatusLine";
import { Toolbar } from "./Toolbar";
import { useArrival } from "./useArrival";
import { useRunKey } from "./useRunKey";
import { useRunOptions } from "./useRunOptions";
import { useSaving } from "./useSaving";
import { WatchButton } from "./WatchButton";

// Each is there when it is first opened, and not before. What one types into at once, as the name of a
// program after Ctrl+S, does not wait: the first letters would go elsewhere.
const Library = lazy(() => import("./library/Library"));
const ShareDialog = lazy(() => import("./sharing/ShareDialog"));

type Open = "nothing" | "library" | "save" | "share";

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

  const [open, setOpen] = useState<Open>("nothing");
  const close = () => setOpen("nothing");
  const load = (loaded: Loaded, what: string, saved: Saved | null = null) => {
    const of = languages.languages.find(({ name }) => name === loaded.language);
    if (of === undefined) return program.say(libraryWords.noLanguage(loaded.language));
    const left = loaded.left.length > 0 ? [libraryWords.left(loaded.left)] : [];
    const undoOptions = options.load(of.name, loaded.options);
    const next = saved === null ? loaded.program : { ...loaded.program, saved };
    const text = [what, ...left].join(" ");
    if (!program.load(of, next, text, undoOptions)) undoOptions();
  };
  useArrival(languages.languages, { load, choose: program.choose, say: program.say });
  const request = (name: string) =>
    requestFor(name, language?.name ?? "", program.program, options.options);
  const saved = program.program.saved ?? null;
  const savedAs = (now: Saved) => program.savedAs(now, libraryWords.saved(now.name));
  useSaving({ saved, request, savedAs, say: program.say, ask: () => setOpen("save") });

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
        onMine={() => setOpen("library")}
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
          onSave={() => setOpen("save")}
        />
        <InteractiveTerminalOutput
          execution={execution}
          onResize={resized}
          headTools={
            <>
              <RunOptionsButton state={options} />
              {execution.jobId !== null && !execution.isGone && (
                <WatchButton onOpen={() => setOpen("share")} />
              )}
            </>
          }
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
      <Suspense>
        {open === "library" && (
          <Library
            languages={languages.languages}
            isRunning={execution.isRunning}
            onLoad={(loaded, from) =>
              load(
                loaded,
                from === null ? libraryWords.loadedRun : libraryWords.opened(from.name),
                from,
              )
            }
            onFollow={execution.follow}
            onRenamed={program.renamed}
            onSave={() => setOpen("save")}
            onClose={close}
          />
        )}
        {open === "save" && (
          <SaveDialog
            saved={saved}
            request={request}
            onSaved={(now) => {
              close();
              savedAs(now);
            }}
            onClose={close}
          />
        )}
        {open === "share" && execution.jobId !== null && (
          <ShareDialog jobId={execution.jobId} onClose={close} />
        )}
      </Suspense>
    </div>
  );
}

function Notice({ languages }: { readonly languages: ReturnType<typeof useLanguages> }) {
  if (languages.failed) return <p className="notice">{words.languagesFailed}</p>;
  if (!languages.loaded) return null;
  if (languages.executors > 0) return null;
  return <p className="notice">{words.noExecutor}</p>;
}
