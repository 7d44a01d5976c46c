// What a screen reader says by itself: that the program asks, how it ended, and that the server is
// away for more than a moment. Nothing else.

import type { SessionState } from "../session/reducer";
import { resultWords, words } from "../words";
import { statusWords } from "./StatusLine";

export function Announcer({ state }: { readonly state: SessionState }) {
  return (
    <div className="visually-hidden" role="status" data-testid="announcement">
      {announcement(state)}
    </div>
  );
}

function announcement(state: SessionState): string {
  if (state.link === "away") return words.away;
  if (state.question !== null) return state.question.prompt.trim() || words.inputFallbackLabel;
  if (state.phase !== "ended") return state.link === "back" ? words.back : "";
  const figures = state.result === null ? [] : resultWords(state.result);
  return [statusWords(state), ...figures].join(", ");
}
