// The files of the program as tabs, by the ARIA pattern: arrow keys go from one to the next, F2
// renames and Delete deletes.

import { type KeyboardEvent, useEffect, useRef } from "react";
import type { ProgramFile, ProgramFiles } from "../editor/programFiles";
import { words } from "../words";

interface Props {
  readonly program: ProgramFiles;
  readonly panelId: string;
  /** How many errors the last run found in each file. */
  readonly errors: ReadonlyMap<string, number>;
  readonly onOpen: (id: string) => void;
  readonly onRename: (file: ProgramFile) => void;
  readonly onDelete: (file: ProgramFile) => void;
}

export const tabId = (file: string): string => `tab-${file}`;

export function FileTabs(props: Props) {
  const { program, errors } = props;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = document.getElementById(tabId(program.open));
    tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [program.open]);

  const key = (event: KeyboardEvent, file: ProgramFile) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "F2") return props.onRename(file);
    if (event.key === "Delete") return props.onDelete(file);
    const at = program.files.indexOf(file);
    const { length } = program.files;
    const index = {
      ArrowRight: (at + 1) % length,
      ArrowLeft: (at - 1 + length) % length,
      Home: 0,
      End: length - 1,
    }[event.key];
    const next = index === undefined ? undefined : program.files[index];
    if (next === undefined) return;
    event.preventDefault();
    props.onOpen(next.id);
    document.getElementById(tabId(next.id))?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={words.files} ref={list}>
      {program.files.map((file) => (
        <button
          key={file.id}
          id={tabId(file.id)}
          type="button"
          role="tab"
          className="tab"
          title={file.name}
          aria-selected={file.id === program.open}
          aria-controls={props.panelId}
          tabIndex={file.id === program.open ? 0 : -1}
          onClick={() => props.onOpen(file.id)}
          onDoubleClick={() => props.onRename(file)}
          onKeyDown={(event) => key(event, file)}
        >
          {file.id === program.main && program.files.length > 1 && (
            <svg viewBox="0 0 16 16" role="img" aria-label={words.mainFile}>
              <path d="M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.3-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z" />
            </svg>
          )}
          <span className="tab-name">{file.name}</span>
          {errors.has(file.id) && (
            <span className="tab-errors">
              {errors.get(file.id)}
              <span className="visually-hidden"> {words.errorsHere(errors.get(file.id) ?? 0)}</span>
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
