// The line at the bottom: how the run stands now, and how it ended.

import type { SessionState } from "../session/reducer";
import { CONNECTION_LOST, finalWords, NOT_RUN, phaseWords, resultWords, STOPPING } from "../words";

type Tone = "calm" | "busy" | "asks" | "good" | "bad";

export function StatusLine({ state }: { readonly state: SessionState }) {
  return (
    <footer className="status-line">
      <span
        className="status"
        data-testid="status"
        data-phase={state.phase}
        data-tone={tone(state)}
      >
        <span className="dot" aria-hidden="true" />
        {statusWords(state)}
      </span>
      <span className="result" data-testid="result" data-status={state.result?.status ?? ""}>
        {state.result !== null &&
          resultWords(state.result).map((part) => <span key={part}>{part}</span>)}
      </span>
    </footer>
  );
}

export function statusWords(state: SessionState): string {
  if (state.result !== null) return finalWords(state.result.status);
  if (state.phase === "ended") return state.jobId === null ? NOT_RUN : CONNECTION_LOST;
  return state.stopping ? STOPPING : phaseWords(state.phase, state.queuePosition);
}

function tone(state: SessionState): Tone {
  if (state.phase === "idle") return "calm";
  if (state.phase === "waiting" && !state.stopping) return "asks";
  if (state.phase !== "ended") return "busy";
  if (state.result?.status === "cancelled") return "calm";
  return state.result?.status === "completed" && state.result.exit_code === 0 ? "good" : "bad";
}
