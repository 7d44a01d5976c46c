// The browser's storage. It may refuse to keep anything (private windows, full), or hold something
// that is not ours; the page works all the same.

type Keys = Pick<Storage, "getItem" | "setItem">;

/** Functions, since a browser may refuse even to name its storage. */
export type Where<T = Keys> = () => T;

/** A tab's own, and what all tabs of the browser have in common. */
export const ofTab: Where<Storage> = () => sessionStorage;
export const ofBrowser: Where<Storage> = () => localStorage;

export function read(where: Where, key: string): string | null {
  try {
    return where().getItem(key);
  } catch {
    return null;
  }
}

/** False where the browser does not keep it. */
export function store(where: Where, key: string, value: string): boolean {
  try {
    where().setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

export function forget(where: Where<Pick<Storage, "removeItem">>, key: string): void {
  try {
    where().removeItem(key);
  } catch {
    // Then it was not kept either.
  }
}

/** What is not JSON is null. */
export function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? "null");
  } catch {
    return null;
  }
}

/** What is not an object has no parts. */
export function recordIn(json: string | null): Record<string, unknown> {
  const value = parsed(json);
  return isRecord(value) ? value : {};
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
