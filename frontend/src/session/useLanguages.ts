// The languages of this server. Asked again while nothing can run: a server may still be starting.

import { useEffect, useState } from "react";
import type { LanguageOffered, LanguagesOffered } from "../answers";
import { ask as askServer } from "./api";

export type { LanguageLimits } from "../answers";

export type Language = LanguageOffered;

export interface Languages extends LanguagesOffered {
  readonly failed: boolean;
  /** One has to sign in first. */
  readonly isRefused: boolean;
  readonly loaded: boolean;
}

const RETRY_MS = 4000;

export function useLanguages(): Languages {
  const [state, setState] = useState<Languages>({
    languages: [],
    executors: 0,
    failed: false,
    isRefused: false,
    loaded: false,
  });
  useEffect(() => {
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const answer = await askServer<LanguagesOffered>("/api/languages", stopped.signal);
      if (stopped.signal.aborted) return;
      const isRefused = !answer.ok && answer.code === "not_signed_in";
      setState((before) =>
        answer.ok
          ? { ...answer.value, failed: false, isRefused, loaded: true }
          : { ...before, failed: true, isRefused },
      );
      const canRun = answer.ok && answer.value.languages.some((language) => language.available);
      if (!canRun) timer = setTimeout(() => void ask(), RETRY_MS);
    };
    void ask();
    return () => {
      stopped.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}
