// What a screen reader says by itself: that the program asks, and how it ended. Nothing else.

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
  if (state.question !== null) return state.question.prompt.trim() || words.inputFallbackLabel;
  if (state.phase !== "ended") return "";
  const figures = state.result === null ? [] : resultWords(state.result);
  return [statusWords(state), ...figures].join(", ");
}
