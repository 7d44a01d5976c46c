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
      <ControlKey
        name={words.interrupt}
        said={words.interruptSaid}
        hint={words.interruptHint}
        onClick={onInterrupt}
      />
      {onEof !== null && (
        <ControlKey
          name={words.endInput}
          said={words.endInputSaid}
          hint={words.endInputHint}
          onClick={onEof}
        />
      )}
    </div>
  );
}

function ControlKey(props: { name: string; said: string; hint: string; onClick: () => void }) {
  return (
    <button type="button" className="button plain" title={props.hint} onClick={props.onClick}>
      {/* Who controls the page by voice says what they see: so it comes first. */}
      {props.name}
      <span className="visually-hidden">{props.said}</span>
    </button>
  );
}
