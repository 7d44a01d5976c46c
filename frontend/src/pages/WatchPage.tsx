// `/watch/…`: somebody else's run, live: to be watched, and typed into while its owner lets one.

import { useCallback, useEffect, useMemo } from "react";
import type { JobWatched } from "../answers";
import { Mark } from "../components/Mark";
import { loadedFrom } from "../editor/sentProgram";
import { useSettings } from "../editor/settings";
import { noStore } from "../session/keptRun";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { sharedWords as said } from "../words";
import { Found, Nothing } from "./Found";
import { Frame, languageOf } from "./Frame";

export default function WatchPage({ link }: { readonly link: string }) {
  return (
    <Found<JobWatched> path={`/api/watch/${link}`}>
      {(job) => <Watched link={link} job={job} />}
    </Found>
  );
}

function Watched({ link, job }: { readonly link: string; readonly job: JobWatched }) {
  const { languages } = useLanguages();
  const { settings } = useSettings();
  const execution = useWebSocketExecution(noStore);
  const language = languageOf(languages, job.language);
  const { program } = useMemo(() => loadedFrom(job), [job]);
  const { follow, resize, isRunning, mayType, isGone } = execution;
  useEffect(() => {
    follow({ jobId: job.job_id, language: job.language, isBatch: job.stdin !== null, link });
  }, [follow, job, link]);
  const resized = useCallback(
    ({ cols, rows }: { cols: number; rows: number }) => resize(cols, rows),
    [resize],
  );
  if (isGone) return <Nothing title={said.noLongerShared} text={said.linkHint} />;
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
            {job.is_own ? said.ownRun : said.watching(language.title)}{" "}
            <strong role="status" data-testid="typing">
              {isRunning && (mayType ? said.mayTypeNow : said.mayTypeNoMore)}
            </strong>
          </p>
          <span className="spacer" />
          <a className="button quiet" href="/">
            {said.openCodr}
          </a>
        </>
      }
      notice={null}
      idleHint={said.watchOver}
    />
  );
}
