// `/watch/…` and `/run/…`: somebody else's run, live: to be watched, and typed into while its owner lets
// one. The first is its link; the second is for accounts that it is shared with.

import { useCallback, useEffect, useMemo } from "react";
import type { JobDetail, JobWatched } from "../answers";
import { Mark } from "../components/Mark";
import { loadedFrom } from "../editor/sentProgram";
import { useSettings } from "../editor/settings";
import { noStore } from "../session/keptRun";
import { useAccount } from "../session/useAccount";
import { useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { sharedWords as said, words } from "../words";
import { Found, Nothing } from "./Found";
import { Frame, languageOf } from "./Frame";

export default function WatchPage({ link }: { readonly link: string }) {
  return (
    <Found<JobWatched> path={`/api/watch/${link}`}>
      {(run) => <Watched jobId={run.job_id} link={link} run={run} isOwn={run.is_own} />}
    </Found>
  );
}

export function RunPage({ jobId }: { readonly jobId: string }) {
  return (
    <Found<JobDetail> path={`/api/jobs/${jobId}`} gone={<NoSuchRun />}>
      {(run) => <Watched jobId={jobId} run={run} isOwn={run.access === "owner"} />}
    </Found>
  );
}

/** Nobody is told whether there is such a run; but who is not signed in can do something about it. */
function NoSuchRun() {
  const account = useAccount();
  return (
    <Nothing title={said.noSuchRun} text={said.runHint}>
      {account !== null && !account.signedIn && (
        <a className="button run" href={`/accounts/login/?next=${location.pathname}`}>
          {words.signIn}
        </a>
      )}
    </Nothing>
  );
}

interface WatchedProps {
  readonly jobId: string;
  readonly run: JobWatched | JobDetail;
  readonly isOwn: boolean;
  readonly link?: string;
}

function Watched({ jobId, run, isOwn, link = "" }: WatchedProps) {
  const { languages } = useLanguages();
  const { settings } = useSettings();
  const execution = useWebSocketExecution(noStore);
  const language = languageOf(languages, run.language);
  const { program } = useMemo(() => loadedFrom(run), [run]);
  const { follow, resize, isRunning, mayType, isGone } = execution;
  useEffect(() => {
    const isBatch = run.stdin !== null;
    follow({ jobId, language: run.language, isBatch, isWatched: true, link });
  }, [follow, jobId, run, link]);
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
            {isOwn ? said.ownRun : said.watching(language.title)}{" "}
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
