// Run, which becomes Stop while a program runs.

import { words } from "../words";

interface Props {
  readonly isRunning: boolean;
  readonly stopping: boolean;
  readonly canRun: boolean;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

export function RunButton(props: Props) {
  return props.isRunning ? (
    <button
      type="button"
      className="button stop"
      data-testid="stop"
      title={props.stopping ? words.stopAgainHint : words.stopHint}
      onClick={props.onStop}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />
      </svg>
      {words.stop}
    </button>
  ) : (
    <button
      type="button"
      className="button run"
      data-testid="run"
      title={words.runHint}
      disabled={!props.canRun}
      onClick={props.onRun}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.3-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z" />
      </svg>
      {words.run}
    </button>
  );
}
