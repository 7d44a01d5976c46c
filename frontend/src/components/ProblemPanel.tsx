// Why it did not go well, in a sentence, with the places in the program that it is about.

import type { Detail } from "../protocol";
import type { Problem } from "../session/reducer";
import { words } from "../words";
import { Prose } from "./Prose";

interface Props {
  readonly problem: Problem;
  readonly onJump: (detail: Detail) => void;
  /** Where there is something to be tried. */
  readonly onTryAgain: (() => void) | null;
  readonly onDismiss: () => void;
}

export function ProblemPanel({ problem, onJump, onTryAgain, onDismiss }: Props) {
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
          {problem.details.map((detail) => (
            <li key={`${detail.file}:${detail.line}:${detail.column}:${detail.message}`}>
              <button type="button" className="link" onClick={() => onJump(detail)}>
                {words.problemAt(detail)}
              </button>{" "}
              <Prose text={detail.message} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
