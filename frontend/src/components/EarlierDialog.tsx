// The programs that made room for another one, to be brought back.

import type { Earlier } from "../editor/keptPrograms";
import type { ProgramFiles } from "../editor/programFiles";
import { words } from "../words";
import { Dialog } from "./Dialog";

interface Props {
  readonly earlier: readonly Earlier[];
  readonly onRestore: (earlier: Earlier) => void;
  readonly onClose: () => void;
}

export function EarlierDialog({ earlier, onRestore, onClose }: Props) {
  return (
    <Dialog title={words.earlierPrograms} onClose={onClose}>
      {earlier.length === 0 && <p className="dialog-note">{words.noEarlier}</p>}
      <ul className="earlier">
        {earlier.map((each) => (
          <li key={`${each.at}:${JSON.stringify(each.program)}`}>
            <div className="earlier-text">
              <p>
                {words.filesOf(each.program.files.map(({ name }) => name))}
                {each.at > 0 && <time>{words.at(new Date(each.at))}</time>}
              </p>
              <code>{beginning(each.program)}</code>
            </div>
            <button type="button" className="button quiet" onClick={() => onRestore(each)}>
              {words.restore}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const SHOWN_LINES = 3;

function beginning(program: ProgramFiles): string {
  const main = program.files.find(({ id }) => id === program.main);
  const lines = (main?.text ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, SHOWN_LINES).join("\n");
}
