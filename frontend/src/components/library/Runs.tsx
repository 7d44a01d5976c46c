// One's runs: how each went, its source, what was said in it, its program once more, and who else
// sees it.

import { useState } from "react";
import type { JobDetail, JobListed, JobPage } from "../../answers";
import { loadedFrom } from "../../editor/sentProgram";
import { ask } from "../../session/api";
import { isFinal, libraryWords as said, statusWordsOf, words } from "../../words";
import { RunSharing } from "../sharing/RunSharing";
import type { LibraryProps } from "./Library";
import { useList } from "./useList";

const PAGE = "/api/jobs?limit=20";

export function Runs(props: LibraryProps) {
  const list = useList(PAGE, pageOf);
  const [problem, setProblem] = useState("");
  const text = problem || list.failed;
  return (
    <>
      {!list.isLoaded && <p className="dialog-note">{said.loading}</p>}
      {list.isLoaded && list.failed === "" && list.items.length === 0 && (
        <p className="dialog-note">{said.noRuns}</p>
      )}
      <p className="field-problem" role="alert">
        {text}
      </p>
      <ul className="entries" data-testid="runs">
        {list.items.map((job) => (
          <Run key={job.id} job={job} onProblem={setProblem} {...props} />
        ))}
      </ul>
      {list.more !== null && (
        <button type="button" className="button quiet" onClick={list.more}>
          {said.more}
        </button>
      )}
    </>
  );
}

function pageOf({ jobs, next }: JobPage) {
  return { items: jobs, next: next === null ? null : `${PAGE}&before=${next}` };
}

interface RunProps extends LibraryProps {
  readonly job: JobListed;
  readonly onProblem: (text: string) => void;
}

function Run({ job, languages, isRunning, onLoad, onFollow, onProblem, onClose }: RunProps) {
  const [source, setSource] = useState<JobDetail | null>(null);
  const [isSharing, setSharing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const language = languages.find(({ name }) => name === job.language);
  const title = language?.title ?? job.language;
  const at = words.at(new Date(job.created_at));
  const name = `${title}, ${at}`;

  const detail = async (use: (found: JobDetail) => void) => {
    setBusy(true);
    const answer = await ask<JobDetail>(`/api/jobs/${job.id}`);
    setBusy(false);
    onProblem(answer.ok ? "" : answer.message);
    if (answer.ok) use(answer.value);
  };
  const transcript = () => {
    if (isRunning) return onProblem(said.notWhileRunning);
    void detail(({ id, language: of, stdin }) => {
      onClose();
      onFollow({ jobId: id, language: of, isBatch: stdin !== null });
    });
  };
  const again = () => {
    if (language === undefined) return onProblem(said.noLanguage(job.language));
    void detail((found) => {
      onClose();
      onLoad(loadedFrom(found), null);
    });
  };
  return (
    <li>
      <div className="entry-text">
        <p>
          <span>{title}</span>
          <span className="entry-status" data-tone={toneOf(job)}>
            {statusWordsOf(job.status, job.exit_code)}
          </span>
          <time dateTime={job.created_at}>{at}</time>
        </p>
        <code>{job.first_line || job.file_name}</code>
      </div>
      <div className="entry-actions run-actions">
        <button
          type="button"
          className="button quiet"
          aria-label={said.named(said.transcript, name)}
          disabled={isBusy}
          onClick={transcript}
        >
          {said.transcript}
        </button>
        <button
          type="button"
          className="button quiet"
          aria-label={said.named(said.source, name)}
          aria-expanded={source !== null}
          disabled={isBusy}
          onClick={() => (source === null ? void detail(setSource) : setSource(null))}
        >
          {said.source}
        </button>
        <button
          type="button"
          className="button quiet"
          aria-label={said.named(said.again, name)}
          disabled={isBusy}
          onClick={again}
        >
          {said.again}
        </button>
        <button
          type="button"
          className="button quiet"
          aria-label={said.named(said.share, name)}
          aria-expanded={isSharing}
          onClick={() => setSharing(!isSharing)}
        >
          {said.share}
        </button>
      </div>
      {isSharing && <RunSharing jobId={job.id} />}
      {source !== null && <Source job={source} />}
    </li>
  );
}

function Source({ job }: { readonly job: JobDetail }) {
  const { program, left } = loadedFrom(job);
  return (
    <div className="entry-source" data-testid="run-source">
      {program.files.map(({ id, name, text }) => (
        <figure key={id}>
          <figcaption>{name}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys */}
          <pre tabIndex={0}>{text}</pre>
        </figure>
      ))}
      {left.length > 0 && <p className="field-hint">{said.left(left)}</p>}
    </div>
  );
}

function toneOf({ status, exit_code: code }: JobListed): string {
  if (!isFinal(status)) return "busy";
  if (status === "cancelled") return "calm";
  return status === "completed" && code === 0 ? "good" : "bad";
}
