// `/p/…`: a saved program that somebody shares: to be read, run as one's own job, and copied.

import { useMemo } from "react";
import type { ProgramShared } from "../answers";
import { Mark } from "../components/Mark";
import { RunButton } from "../components/RunButton";
import { loadedFrom } from "../editor/sentProgram";
import { useSettings } from "../editor/settings";
import { noStore } from "../session/keptRun";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { libraryWords, sharedWords as said, words } from "../words";
import { Found } from "./Found";
import { Frame, languageOf } from "./Frame";
import { useLinkRun } from "./useLinkRun";

export default function SharedPage({ link }: { readonly link: string }) {
  return (
    <Found<ProgramShared> path={`/api/shared/${link}`}>
      {(shared) => <Shared link={link} shared={shared} />}
    </Found>
  );
}

function Shared({ link, shared }: { readonly link: string; readonly shared: ProgramShared }) {
  const { languages, loaded } = useLanguages();
  const { settings } = useSettings();
  const execution = useWebSocketExecution(noStore);
  const language = languageOf(languages, shared.language);
  const { program, options, left } = useMemo(() => loadedFrom(shared), [shared]);
  const canRun = language.available;
  const { run, resized } = useLinkRun(execution, canRun, language.name, () => program, options);
  return (
    <Frame
      language={language}
      program={program}
      settings={settings}
      execution={execution}
      onResize={resized}
      bar={
        <>
          <h1>
            <Mark />
          </h1>
          <p className="bar-title">
            <strong>{said.program(shared.name, language.title)}</strong> {said.readOnly}
          </p>
          <span className="spacer" />
          <a className="button quiet" title={said.forkHint} href={`/?program=${link}`}>
            {said.fork}
          </a>
          <RunButton
            isRunning={execution.isRunning}
            stopping={execution.stopping}
            canRun={canRun}
            onRun={run}
            onStop={execution.stop}
          />
        </>
      }
      notice={
        <>
          {left.length > 0 && <p className="notice">{libraryWords.left(left)}</p>}
          {loaded && !canRun && (
            <p className="notice">{words.unavailable(language.title, language.reason)}</p>
          )}
        </>
      }
    />
  );
}
