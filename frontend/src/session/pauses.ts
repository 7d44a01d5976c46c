// How long to wait before the next try to reach the server again, and for how long to go on.

const SHORTEST_MS = 250;
const LONGEST_MS = 8000;
// How much of a pause is left to chance: a restarted server's pages are not to come all at once.
const JITTER = 0.5;

// A try that hangs, as on a network that swallows packets, makes way for the next one.
export const TRY_MS = 10_000;
// Longer than a server takes to be restarted, and than it keeps a program whose owner is away.
export const GIVE_UP_MS = 3 * 60_000;
// A connection that stood for so long was no failed try.
export const STEADY_MS = 5000;

/** Before try number `attempt` (from 1). `chance` is from 0 to 1. */
export function pauseMs(attempt: number, chance: number): number {
  const full = Math.min(SHORTEST_MS * 2 ** attempt, LONGEST_MS);
  return Math.max(SHORTEST_MS, full * (1 - JITTER * chance));
}

/** A code that the server closes with when coming back is of no use. */
export function isRefusal(code: number): boolean {
  return code >= 4400 && code <= 4499;
}
