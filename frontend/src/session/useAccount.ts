// Who this browser is to the server: an account, or nobody in particular.

import { useEffect, useState } from "react";

export interface Account {
  readonly signedIn: boolean;
  readonly name: string;
}

interface Answer {
  readonly signed_in: boolean;
  readonly name: string;
}

/** Null until it is known, and where it cannot be known. */
export function useAccount(): Account | null {
  const [account, setAccount] = useState<Account | null>(null);
  useEffect(() => {
    const stopped = new AbortController();
    void fetchAccount(stopped.signal).then((found) => {
      if (!stopped.signal.aborted) setAccount(found);
    });
    return () => stopped.abort();
  }, []);
  return account;
}

async function fetchAccount(signal: AbortSignal): Promise<Account | null> {
  try {
    const response = await fetch("/api/me", { signal });
    if (!response.ok) return null;
    const answer = (await response.json()) as Answer;
    return { signedIn: answer.signed_in, name: answer.name };
  } catch {
    return null;
  }
}
