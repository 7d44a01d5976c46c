// A link to a run, for whoever is to see it: the owner says whether they may type, and takes it back.

import { useEffect, useId, useRef, useState } from "react";
import type { JobLinked } from "../../answers";
import { type Answer, ask, change } from "../../session/api";
import { sharedWords as said, words } from "../../words";
import { LinkField } from "./LinkField";

export function LinkSharing({ jobId }: { readonly jobId: string }) {
  const address = `/api/jobs/${jobId}/link`;
  const [linked, setLinked] = useState<JobLinked | null>(null);
  const [problem, setProblem] = useState("");
  const [note, setNote] = useState("");
  const hint = useId();
  const box = useRef<HTMLElement>(null);
  const hasActed = useRef(false);

  const take = (answer: Answer<JobLinked>, text: string) => {
    hasActed.current = true;
    setProblem(answer.ok ? "" : answer.message);
    setNote(answer.ok ? text : "");
    if (answer.ok) setLinked(answer.value);
  };
  // The button that was pressed has gone; one goes on where it led.
  const token = linked?.link ?? null;
  useEffect(() => {
    if (!hasActed.current) return;
    const next = token === null ? "button" : "input";
    box.current?.querySelector<HTMLElement>(next)?.focus();
  }, [token]);
  useEffect(() => {
    const stopped = new AbortController();
    void ask<JobLinked>(address, stopped.signal).then((answer) => {
      if (stopped.signal.aborted) return;
      setProblem(answer.ok ? "" : answer.message);
      if (answer.ok) setLinked(answer.value);
    });
    return () => stopped.abort();
  }, [address]);
  const give = async (mayType: boolean) => {
    const before = linked;
    // Shown at once, and taken back where the server did not do it.
    if (linked?.link) setLinked({ ...linked, may_type: mayType });
    const answer = await change<JobLinked>("PUT", address, { may_type: mayType });
    if (!answer.ok) setLinked(before);
    take(answer, "");
  };
  const withdraw = async () => take(await change<JobLinked>("DELETE", address), said.withdrawn);

  return (
    <section className="sharing" ref={box}>
      <h3>{said.byLink}</h3>
      <p>{said.watchLead}</p>
      {linked === null && problem === "" && <p className="field-hint">{words.loadingPanel}</p>}
      {linked !== null && linked.link === null && (
        <button type="button" className="button run" onClick={() => void give(false)}>
          {said.makeLink}
        </button>
      )}
      {linked !== null && linked.link !== null && (
        <>
          <LinkField
            name={words.linkOfRun}
            value={`${location.origin}/watch/${linked.link}`}
            testId="watch-link"
          />
          <label className="choice">
            <input
              type="checkbox"
              data-testid="may-type"
              checked={linked.may_type}
              aria-describedby={hint}
              onChange={(event) => void give(event.target.checked)}
            />
            {said.mayType}
          </label>
          <p id={hint} className="field-hint">
            {said.mayTypeHint}
          </p>
          <button type="button" className="button quiet" onClick={() => void withdraw()}>
            {said.withdraw}
          </button>
        </>
      )}
      <p role="status" className="field-hint">
        {note}
      </p>
      <p role="alert" className="field-problem">
        {problem}
      </p>
    </section>
  );
}
