// The session as React sees it: state to show and callbacks to call.

import { useEffect, useState, useSyncExternalStore } from "react";
import { type RunStore, tabStore } from "./keptRun";
import { isLive } from "./reducer";
import { Session } from "./session";
import { openSocket } from "./socket";

/** `store` is where a reload finds the run again. */
export function useWebSocketExecution(store: RunStore = tabStore) {
  const [session] = useState(() => new Session(openSocket, store));
  const state = useSyncExternalStore(session.subscribe, session.getState);
  useEffect(() => {
    session.restore();
    window.addEventListener("online", session.tryAgain);
    window.addEventListener("pagehide", session.leave);
    return () => {
      window.removeEventListener("online", session.tryAgain);
      window.removeEventListener("pagehide", session.leave);
      session.dispose();
    };
  }, [session]);
  return {
    ...state,
    isRunning: isLive(state),
    isWaitingForInput: state.question !== null,
    prompt: state.question?.prompt ?? "",
    status: state.phase,
    execute: session.execute,
    follow: session.follow,
    sendInput: session.sendInput,
    sendKeys: session.sendKeys,
    sendEof: session.sendEof,
    interrupt: session.interrupt,
    resize: session.resize,
    drawn: session.drawn,
    savedOutput: session.savedOutput,
    stop: session.stop,
    tryAgain: session.tryAgain,
    dismiss: session.dismiss,
  };
}

export type Execution = ReturnType<typeof useWebSocketExecution>;
