// The languages of this server. Asked again while nothing can run: a server may still be starting.

import { useEffect, useState } from "react";

/** In seconds and bytes: the most that a run may have. */
export interface LanguageLimits {
  readonly cpu_time: number;
  readonly wall_time: number;
  readonly input_timeout: number;
  readonly memory: number;
  readonly output: number;
  readonly processes: number;
}

export interface Language {
  readonly name: string;
  readonly title: string;
  readonly file_name: string;
  readonly highlight: string;
  readonly version: string;
  readonly available: boolean;
  readonly reason: string;
  readonly example: string;
  readonly limits: LanguageLimits;
}

interface Answer {
  readonly languages: readonly Language[];
  readonly executors: number;
}

export interface Languages extends Answer {
  readonly failed: boolean;
  readonly loaded: boolean;
}

const RETRY_MS = 4000;

export function useLanguages(): Languages {
  const [state, setState] = useState<Languages>({
    languages: [],
    executors: 0,
    failed: false,
    loaded: false,
  });
  useEffect(() => {
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const answer = await fetchLanguages(stopped.signal);
      if (stopped.signal.aborted) return;
      setState((before) =>
        answer === null ? { ...before, failed: true } : { ...answer, failed: false, loaded: true },
      );
      const canRun = answer?.languages.some((language) => language.available) ?? false;
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

async function fetchLanguages(signal: AbortSignal): Promise<Answer | null> {
  try {
    const response = await fetch("/api/languages", { signal });
    if (!response.ok) return null;
    return (await response.json()) as Answer;
  } catch {
    return null;
  }
}
