// What the address brings along: a shared program to be copied (`?program=`), or code of a page that
// had embedded it (`#code=`). It is taken once, and the address forgets it.

import { useEffect, useEffectEvent, useRef } from "react";
import type { ProgramShared } from "../answers";
import { oneFile } from "../editor/programFiles";
import { type Loaded, loadedFrom } from "../editor/sentProgram";
import { embeddingIn } from "../pages/embedding";
import { ask } from "../session/api";
import { NO_OPTIONS } from "../session/beforehand";
import type { Language } from "../session/useLanguages";
import { libraryWords, sharedWords } from "../words";

interface Page {
  readonly load: (loaded: Loaded, text: string) => void;
  readonly choose: (language: string) => void;
  readonly say: (text: string) => void;
}

export function useArrival(languages: readonly Language[], page: Page): void {
  const hasArrived = useRef(false);
  const arrive = useEffectEvent(async () => {
    if (location.pathname !== "/") return;
    const { program, language, code } = embeddingIn(location.search, location.hash);
    if (program === null && language === "" && code === null) return;
    history.replaceState(history.state, "", "/");
    if (program !== null) {
      const answer = await ask<ProgramShared>(`/api/shared/${encodeURIComponent(program)}`);
      if (answer.ok) page.load(loadedFrom(answer.value), libraryWords.opened(answer.value.name));
      else page.say(answer.code === "no_such_program" ? sharedWords.noSuchProgram : answer.message);
      return;
    }
    const found = languages.find(
      ({ name, aliases }) => name === language || aliases.includes(language),
    );
    if (found === undefined) page.say(sharedWords.embedLanguage(language));
    else if (code === null) page.choose(found.name);
    else {
      const files = oneFile(found.file_name, code);
      const loaded = { language: found.name, program: files, options: NO_OPTIONS, left: [] };
      page.load(loaded, sharedWords.broughtAlong);
    }
  });
  const areKnown = languages.length > 0;
  useEffect(() => {
    if (!areKnown || hasArrived.current) return;
    hasArrived.current = true;
    void arrive();
  }, [areKnown]);
}
