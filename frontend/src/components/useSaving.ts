// Ctrl+S: keeps the program under the name that it has; asks for one where it has none.

import { useEffect, useEffectEvent } from "react";
import type { ProgramDetail, ProgramRequest } from "../answers";
import type { Saved } from "../editor/programFiles";
import { change } from "../session/api";
import { libraryWords } from "../words";

interface Props {
  readonly saved: Saved | null;
  readonly request: (name: string) => ProgramRequest;
  readonly savedAs: (saved: Saved) => void;
  readonly say: (text: string) => void;
  readonly ask: () => void;
}

export function useSaving({ saved, request, savedAs, say, ask }: Props): void {
  const save = useEffectEvent(async () => {
    if (saved === null) return ask();
    say(libraryWords.saving);
    const path = `/api/programs/${saved.id}`;
    const answer = await change<ProgramDetail>("PUT", path, request(saved.name));
    if (answer.ok) savedAs(saved);
    // Deleted meanwhile, or another's: a browser may have signed in since.
    else if (answer.code === "no_such_program") ask();
    else say(answer.message);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isSave = event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey);
      if (!isSave || event.altKey || event.shiftKey || isElsewhere(event)) return;
      event.preventDefault();
      void save();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

/** In the terminal the key is the program's, in a dialog it means nothing, and who has taken it
 * already, as Emacs keys do, searches with it. */
function isElsewhere(event: KeyboardEvent): boolean {
  if (event.defaultPrevented) return true;
  return event.target instanceof Element && event.target.closest("dialog, .terminal") !== null;
}
