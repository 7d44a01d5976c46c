// What a link leads to, asked for once.

import { useEffect, useState } from "react";
import { type Answer, ask } from "./api";

/** Null until the server has answered. */
export function useFound<T>(path: string): Answer<T> | null {
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  useEffect(() => {
    const stopped = new AbortController();
    void ask<T>(path, stopped.signal).then((found) => {
      if (!stopped.signal.aborted) setAnswer(found);
    });
    return () => stopped.abort();
  }, [path]);
  return answer;
}
