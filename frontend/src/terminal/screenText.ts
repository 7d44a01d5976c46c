// What the terminal shows, as plain text: for screen readers, and for tests.

import type { IBuffer } from "@xterm/xterm";

/** The last `maxRows` rows; rows that wrapped are joined again. */
export function readScreen(buffer: IBuffer, maxRows: number): string {
  const lines: string[] = [];
  for (let row = Math.max(0, buffer.length - maxRows); row < buffer.length; row += 1) {
    const line = buffer.getLine(row);
    if (line === undefined) continue;
    const wrapsOn = buffer.getLine(row + 1)?.isWrapped ?? false;
    const text = line.translateToString(!wrapsOn);
    if (line.isWrapped && lines.length > 0) lines.push((lines.pop() ?? "") + text);
    else lines.push(text);
  }
  return lines.join("\n").trimEnd();
}
