// Keys that a phone's keyboard does not have.

import { words } from "../words";

interface Props {
  /** Null where all the input was given beforehand. */
  readonly onEof: (() => void) | null;
  readonly onInterrupt: () => void;
}

export function ControlKeys({ onInterrupt, onEof }: Props) {
  return (
    <div className="control-keys">
      <ControlKey name={words.interrupt} hint={words.interruptHint} onClick={onInterrupt} />
      {onEof !== null && (
        <ControlKey name={words.endInput} hint={words.endInputHint} onClick={onEof} />
      )}
    </div>
  );
}

function ControlKey(props: { name: string; hint: string; onClick: () => void }) {
  return (
    <button
      type="button"
      className="button plain"
      aria-label={props.hint}
      title={props.hint}
      onClick={props.onClick}
    >
      {props.name}
    </button>
  );
}
