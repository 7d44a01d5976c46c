// Which language and which text are in the editor. A person's own text is never thrown away:
// loading the example sets it aside, and it can be brought back.

import { type RefObject, useCallback, useMemo, useState } from "react";
import type { Language } from "../session/useLanguages";
import type { EditorHandle } from "./CodeEditor";
import { sources } from "./sources";

export interface Program {
  readonly language: Language | null;
  readonly text: string;
  readonly isExample: boolean;
  readonly hasOwn: boolean;
  readonly choose: (name: string) => void;
  readonly edit: (name: string, text: string) => void;
  readonly loadExample: () => void;
  readonly backToOwn: () => void;
}

export function useProgram(
  languages: readonly Language[],
  editor: RefObject<EditorHandle | null>,
): Program {
  const [chosen, setChosen] = useState(sources.language);
  const [texts, setTexts] = useState<ReadonlyMap<string, string>>(new Map());
  const language = pick(languages, chosen);
  const name = language?.name ?? "";
  const example = language?.example ?? "";
  const stored = useMemo(() => (name === "" ? null : sources.load(name)), [name]);
  const text = texts.get(name) ?? stored ?? example;
  const isExample = text.trim() === example.trim();

  const choose = useCallback((next: string) => {
    sources.chooseLanguage(next);
    setChosen(next);
  }, []);
  const edit = useCallback((of: string, next: string) => {
    sources.save(of, next);
    setTexts((before) => new Map(before).set(of, next));
  }, []);
  const loadExample = () => {
    if (!isExample && text.trim() !== "") sources.setAside(name, text);
    editor.current?.replace(example);
  };
  const backToOwn = () => {
    const own = sources.loadAside(name);
    if (own !== null) editor.current?.replace(own);
  };
  const hasOwn = isExample && name !== "" && sources.loadAside(name) !== null;
  return { language, text, isExample, hasOwn, choose, edit, loadExample, backToOwn };
}

/** The one that was chosen, else the first that can run, else the first. */
function pick(languages: readonly Language[], chosen: string | null): Language | null {
  return (
    languages.find((language) => language.name === chosen) ??
    languages.find((language) => language.available) ??
    languages[0] ??
    null
  );
}
