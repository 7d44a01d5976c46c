// The line at the bottom: how the run stands now, and how it ended.

import { useEffect, useState } from "react";
import type { SessionState } from "../session/reducer";
import {
  CONNECTION_LOST,
  finalWords,
  GONE,
  NOT_RUN,
  phaseWords,
  RECONNECTING,
  resultWords,
  STOPPING,
  words,
} from "../words";

const TICK_MS = 250;

type Tone = "calm" | "busy" | "asks" | "good" | "bad";

export function StatusLine({ state }: { readonly state: SessionState }) {
  return (
    <footer className="status-line">
      <span
        className="status"
        data-testid="status"
        data-phase={state.phase}
        data-link={state.link}
        data-tone={tone(state)}
      >
        <span className="dot" aria-hidden="true" />
        {statusWords(state)}
      </span>
      <span className="result" data-testid="result" data-status={state.result?.status ?? ""}>
        {isAway(state) && <span>{words.kept}</span>}
        {canAnswer(state) && <TimeLeft until={state.question.until} />}
        {state.result !== null &&
          resultWords(state.result).map((part) => <span key={part}>{part}</span>)}
      </span>
    </footer>
  );
}

/** To answer in, before the program is ended. It counts by itself: nothing else changes meanwhile. */
function TimeLeft({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return <span data-testid="time-left">{words.timeLeft(Math.max(0, until - now) / 1000)}</span>;
}

export function statusWords(state: SessionState): string {
  if (state.result !== null) return finalWords(state.result.status);
  if (state.phase === "ended" && state.jobId === null) return NOT_RUN;
  if (state.phase === "ended") return state.isGone ? GONE : CONNECTION_LOST;
  if (state.link === "given_up") return CONNECTION_LOST;
  if (isAway(state)) return RECONNECTING;
  return state.stopping ? STOPPING : phaseWords(state.phase, state.queuePosition);
}

/** Not while the connection is away: what is typed then may arrive too late. */
function canAnswer(state: SessionState): state is SessionState & { question: { until: number } } {
  return (
    state.question !== null && state.question.until !== null && !isAway(state) && !state.stopping
  );
}

function isAway(state: SessionState): boolean {
  return state.link === "dropped" || state.link === "away" || state.link === "given_up";
}

function tone(state: SessionState): Tone {
  if (state.phase === "idle") return "calm";
  if (state.link === "given_up") return "bad";
  if (isAway(state)) return "busy";
  if (state.phase === "waiting" && !state.stopping) return "asks";
  if (state.phase !== "ended") return "busy";
  if (state.result?.status === "cancelled") return "calm";
  return state.result?.status === "completed" && state.result.exit_code === 0 ? "good" : "bad";
}
