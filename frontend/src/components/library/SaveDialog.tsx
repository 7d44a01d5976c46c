// Asks for the name under which the server is to keep the program, and keeps it.

import { useId, useState } from "react";
import type { ProgramDetail, ProgramPage, ProgramRequest } from "../../answers";
import type { Saved } from "../../editor/programFiles";
import { ask, change } from "../../session/api";
import { libraryWords as said, words } from "../../words";
import { Dialog } from "../Dialog";

interface Props {
  /** What it is called already. */
  readonly saved: Saved | null;
  readonly request: (name: string) => ProgramRequest;
  readonly onSaved: (saved: Saved) => void;
  readonly onClose: () => void;
}

export function SaveDialog({ saved, request, onSaved, onClose }: Props) {
  const [name, setName] = useState(saved?.name ?? "");
  const [problem, setProblem] = useState("");
  /** The name that another program of one's own has. */
  const [taken, setTaken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  const save = async (replaces: boolean) => {
    const wanted = name.trim();
    if (wanted === "") return setProblem(said.nameEmpty);
    setBusy(true);
    const target = replaces ? await idOf(wanted) : saved?.name === wanted ? saved.id : null;
    let answer = await keep(target, request(wanted));
    // It was deleted meanwhile: then it is kept anew.
    if (!answer.ok && answer.code === "no_such_program") answer = await keep(null, request(wanted));
    setBusy(false);
    if (answer.ok) onSaved({ id: answer.value.id, name: answer.value.name });
    else {
      setTaken(answer.code === "name_taken" ? wanted : "");
      setProblem(answer.code === "name_taken" ? said.taken(wanted) : answer.message);
    }
  };
  const isTaken = taken !== "" && taken === name.trim();
  return (
    <Dialog title={said.saveTitle} onClose={onClose}>
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save(isTaken);
        }}
      >
        <label htmlFor={id}>{said.name}</label>
        <input
          id={id}
          type="text"
          data-testid="program-name"
          value={name}
          maxLength={100}
          autoComplete="off"
          aria-invalid={problem !== ""}
          aria-describedby={`${id}-problem`}
          onFocus={(event) => event.target.select()}
          onChange={(event) => {
            setName(event.target.value);
            setProblem("");
          }}
        />
        <p id={`${id}-problem`} className="field-problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button quiet" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" className="button run" disabled={isBusy}>
            {isTaken ? said.replaceIt : said.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function keep(id: string | null, request: ProgramRequest) {
  if (id === null) return change<ProgramDetail>("POST", "/api/programs", request);
  return change<ProgramDetail>("PUT", `/api/programs/${id}`, request);
}

async function idOf(name: string): Promise<string | null> {
  const answer = await ask<ProgramPage>("/api/programs");
  const found = answer.ok ? answer.value.programs.find((each) => each.name === name) : undefined;
  return found?.id ?? null;
}
