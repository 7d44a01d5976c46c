// Asks how a file is to be called, and says at once what is wrong with a name.

import { useId, useState } from "react";
import { nameProblem } from "../editor/programFiles";
import { words } from "../words";
import { Dialog } from "./Dialog";

interface Props {
  readonly title: string;
  readonly action: string;
  readonly initial: string;
  readonly others: readonly string[];
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

export function NameDialog({ title, action, initial, others, onName, onClose }: Props) {
  const [name, setName] = useState(initial);
  const [tried, setTried] = useState(false);
  const id = useId();
  const problem = nameProblem(name.trim(), others);
  // An empty field is not yet a mistake.
  const shown = tried || name.trim() !== "" ? problem : null;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (problem === null) onName(name.trim());
        }}
      >
        <label htmlFor={id}>{words.fileName}</label>
        <input
          id={id}
          type="text"
          value={name}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-invalid={shown !== null}
          aria-describedby={`${id}-problem`}
          onFocus={(event) => selectStem(event.target)}
          onChange={(event) => setName(event.target.value)}
        />
        <p id={`${id}-problem`} className="field-problem" role="alert">
          {shown}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button quiet" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" className="button run">
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The ending mostly stays. */
function selectStem(field: HTMLInputElement): void {
  const dot = field.value.lastIndexOf(".");
  field.setSelectionRange(field.value.lastIndexOf("/") + 1, dot >= 0 ? dot : field.value.length);
}
