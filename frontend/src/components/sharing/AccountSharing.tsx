// A run shared with accounts by their names. The server tells nobody whether there is an account of
// a name, so the names are listed as they were written.

import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import type { JobDetail, Shares } from "../../answers";
import { ask, change } from "../../session/api";
import { libraryWords, sharedWords as said } from "../../words";
import { LinkField } from "./LinkField";

// What the server takes for a name.
const NAME = /^[\p{L}\p{N}_.@+-]+$/u;
const MOST_NAME_CHARS = 150;

export function AccountSharing({ jobId }: { readonly jobId: string }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [shares, setShares] = useState<Shares | null>(null);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const [note, setNote] = useState("");
  const job = `/api/jobs/${jobId}`;

  useEffect(() => {
    const stopped = new AbortController();
    void ask<JobDetail>(job, stopped.signal).then((answer) => {
      if (stopped.signal.aborted) return;
      // What one has done meanwhile is newer.
      if (answer.ok) setShares((now) => now ?? answer.value);
      else setProblem(answer.message);
    });
    return () => stopped.abort();
  }, [job]);
  const names = shares?.shared_with ?? [];
  const typists = shares?.typists ?? [];

  const share = async (user: string, types: boolean) => {
    const answer = await change<Shares>("POST", `${job}/shares`, { user, may_type: types });
    setProblem(answer.ok ? "" : answer.message);
    setNote("");
    if (answer.ok) setShares(answer.value);
    return answer.ok;
  };
  const letType = async (user: string, types: boolean) => {
    if (shares === null) return;
    const others = typists.filter((each) => each !== user);
    // Shown at once, and taken back where the server did not do it.
    setShares({ ...shares, typists: types ? [...others, user] : others });
    if (!(await share(user, types))) setShares(shares);
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const user = name.trim();
    if (user === "") return setProblem(said.accountEmpty);
    if (!NAME.test(user)) return setProblem(said.accountCharacters);
    // Enter may come before the server has said whom it is shared with.
    const known =
      shares === null ? await ask<JobDetail>(job) : ({ ok: true, value: shares } as const);
    if (!known.ok) return setProblem(known.message);
    // Named again, it keeps what it may.
    if (!(await share(user, known.value.typists.includes(user)))) return;
    setName("");
    setNote(said.sharedWith(user));
  };
  const take = async (user: string) => {
    const path = `${job}/shares?user=${encodeURIComponent(user)}`;
    const answer = await change<Shares>("DELETE", path);
    setProblem(answer.ok ? "" : answer.message);
    setNote(answer.ok ? said.takenFrom(user) : "");
    if (!answer.ok) return;
    setShares(answer.value);
    // The button that was pressed goes.
    field.current?.focus();
  };
  return (
    <section className="sharing">
      <h3>{said.byName}</h3>
      <p>{said.byNameLead}</p>
      <form className="link-row" onSubmit={(event) => void add(event)}>
        <input
          ref={field}
          type="text"
          aria-label={said.accountName}
          placeholder={said.accountName}
          data-testid="account-name"
          value={name}
          maxLength={MOST_NAME_CHARS}
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          aria-invalid={problem !== ""}
          aria-describedby={id}
          onChange={(event) => {
            setName(event.target.value);
            setProblem("");
          }}
        />
        <button type="submit" className="button quiet">
          {libraryWords.share}
        </button>
      </form>
      <p role="status" className="field-hint">
        {note}
      </p>
      <p id={id} role="alert" className="field-problem">
        {problem}
      </p>
      {names.length > 0 && (
        <>
          <ul className="sharers" aria-label={said.sharers} data-testid="sharers">
            {names.map((user) => (
              <li key={user}>
                <span className="sharer">{user}</span>
                <label className="choice">
                  <input
                    type="checkbox"
                    aria-label={libraryWords.named(said.typing, user)}
                    checked={typists.includes(user)}
                    onChange={(event) => void letType(user, event.target.checked)}
                  />
                  {said.typing}
                </label>
                <button
                  type="button"
                  className="button quiet"
                  aria-label={libraryWords.named(said.takeBack, user)}
                  onClick={() => void take(user)}
                >
                  {said.takeBack}
                </button>
              </li>
            ))}
          </ul>
          <LinkField
            name={said.addressForThem}
            value={`${location.origin}/run/${jobId}`}
            testId="run-address"
          />
        </>
      )}
    </section>
  );
}
