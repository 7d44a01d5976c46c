// Who this browser is to the server: an account, or nobody in particular.

import { useEffect, useState } from "react";
import type { Me } from "../answers";
import { ask } from "./api";

export interface Account {
  readonly signedIn: boolean;
  readonly name: string;
}

/** Null until it is known, and where it cannot be known. */
export function useAccount(): Account | null {
  const [account, setAccount] = useState<Account | null>(null);
  useEffect(() => {
    const stopped = new AbortController();
    void ask<Me>("/api/me", stopped.signal).then((answer) => {
      if (stopped.signal.aborted || !answer.ok) return;
      setAccount({ signedIn: answer.value.signed_in, name: answer.value.name });
    });
    return () => stopped.abort();
  }, []);
  return account;
}
