// Why it did not go well, in a sentence, with the places in the program that it is about.

import type { Problem } from "../session/reducer";
import type { Place } from "../session/traces";
import { words } from "../words";
import { Prose } from "./Prose";

interface Props {
  readonly problem: Problem;
  /** The name of the program's file that a place is in; null where it is in none. */
  readonly nameOf: (place: Place) => string | null;
  readonly onJump: (place: Place) => void;
  /** Where there is something to be tried. */
  readonly onTryAgain: (() => void) | null;
  readonly onDismiss: () => void;
}

export function ProblemPanel({ problem, nameOf, onJump, onTryAgain, onDismiss }: Props) {
  return (
    <section className="problem" role="alert" data-testid="problem">
      <p>
        <Prose text={problem.message} />
      </p>
      {onTryAgain === null ? (
        <button type="button" className="button plain" onClick={onDismiss}>
          {words.dismiss}
        </button>
      ) : (
        <button type="button" className="button quiet" onClick={onTryAgain}>
          {words.tryAgain}
        </button>
      )}
      {problem.details.length > 0 && (
        <ul>
          {problem.details.map((place) => (
            <li key={`${place.file}:${place.line}:${place.column}:${place.message}`}>
              <Where place={place} name={nameOf(place)} onJump={onJump} />{" "}
              {place.isCaller ? words.calledFromHere : <Prose text={place.message} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface WhereProps {
  readonly place: Place;
  readonly name: string | null;
  readonly onJump: (place: Place) => void;
}

function Where({ place, name, onJump }: WhereProps) {
  if (name === null) return <b>{words.problemAt(place)}</b>;
  return (
    <button type="button" className="link" onClick={() => onJump(place)}>
      {words.problemAt({ ...place, file: name })}
    </button>
  );
}
