// The session as React sees it: state to show and callbacks to call.

import { useEffect, useState, useSyncExternalStore } from "react";
import { isLive } from "./reducer";
import { Session } from "./session";
import { openSocket } from "./socket";

export function useWebSocketExecution() {
  const [session] = useState(() => new Session(openSocket));
  const state = useSyncExternalStore(session.subscribe, session.getState);
  useEffect(() => session.dispose, [session]);
  return {
    ...state,
    isRunning: isLive(state),
    isWaitingForInput: state.question !== null,
    prompt: state.question?.prompt ?? "",
    status: state.phase,
    execute: session.execute,
    sendInput: session.sendInput,
    sendKeys: session.sendKeys,
    sendEof: session.sendEof,
    interrupt: session.interrupt,
    resize: session.resize,
    stop: session.stop,
    dismiss: session.dismiss,
  };
}

export type Execution = ReturnType<typeof useWebSocketExecution>;
