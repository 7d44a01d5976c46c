// A list that the server has, page by page.

import { useCallback, useEffect, useState } from "react";
import { ask } from "../../session/api";

interface Page<T> {
  readonly items: readonly T[];
  /** The address of the next one. */
  readonly next: string | null;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly isLoaded: boolean;
  readonly failed: string;
  readonly more: (() => void) | null;
  readonly set: (change: (items: readonly T[]) => readonly T[]) => void;
}

export function useList<T, Body>(path: string, read: (body: Body) => Page<T>): List<T> {
  const [items, set] = useState<readonly T[]>([]);
  const [next, setNext] = useState<string | null>(path);
  const [isLoaded, setLoaded] = useState(false);
  const [failed, setFailed] = useState("");
  const load = useCallback(
    async (address: string, signal?: AbortSignal) => {
      const answer = await ask<Body>(address, signal);
      if (signal?.aborted) return;
      setLoaded(true);
      setFailed(answer.ok ? "" : answer.message);
      if (!answer.ok) return;
      const page = read(answer.value);
      set((before) => [...before, ...page.items]);
      setNext(page.next);
    },
    [read],
  );
  useEffect(() => {
    const stopped = new AbortController();
    void load(path, stopped.signal);
    return () => stopped.abort();
  }, [load, path]);
  const more = next === null || !isLoaded ? null : () => void load(next);
  return { items, isLoaded, failed, more, set };
}
