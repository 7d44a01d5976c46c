// Running a program that stands on a page for a link: as a job of whoever looks at it.

import { useCallback, useRef } from "react";
import { useRunKey } from "../components/useRunKey";
import { type ProgramFiles, toSend } from "../editor/programFiles";
import { type Beforehand, beforehandOf, type RunOptions } from "../session/beforehand";
import type { Execution } from "../session/useWebSocketExecution";
import type { Size } from "../terminal/InteractiveTerminalOutput";

export function useLinkRun(
  execution: Execution,
  canRun: boolean,
  language: string,
  program: () => ProgramFiles,
  options: RunOptions,
) {
  const size = useRef<Size>({ cols: 80, rows: 24 });
  const run = () => {
    if (!canRun || execution.isRunning) return;
    const beforehand: Beforehand = beforehandOf(options);
    execution.execute({ language, files: toSend(program()), ...size.current, ...beforehand });
  };
  useRunKey(run);
  const { resize } = execution;
  const resized = useCallback(
    (now: Size) => {
      size.current = now;
      resize(now.cols, now.rows);
    },
    [resize],
  );
  return { run, resized };
}
