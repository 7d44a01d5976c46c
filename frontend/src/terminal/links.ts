// Addresses that a program wrote. They are opened by a person who has seen where they lead, in a tab
// that knows nothing of this page, and only where they are of the web. Pure.

export interface Address {
  readonly href: string;
  /** What it stands or falls by, for who looks at it: the host, as the browser will ask for it. */
  readonly before: string;
  readonly host: string;
  readonly after: string;
}

const MOST_LISTED = 20;
const ADDRESS = /https?:\/\/[^\s"'<>`^{|}\\\p{Cc}\p{Cf}]+/giu;
// What ends a sentence, or closes what was opened before the address.
const TRAILING = /[.,;:!?)\]]+$/;

/** Null for everything that is not plainly an address of the web. */
export function addressOf(text: string): Address | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  // `https://bank.example@evil.example` is read as the bank's.
  if (url.username !== "" || url.password !== "") return null;
  const { href, host } = url;
  const at = `${url.protocol}//`.length;
  return { href, host, before: href.slice(0, at), after: href.slice(at + host.length) };
}

/** Each once, those written last first. */
export function addressesIn(text: string): Address[] {
  const found = new Map<string, Address>();
  for (const [match] of [...text.matchAll(ADDRESS)].reverse()) {
    const address = addressOf(match.replace(TRAILING, ""));
    if (address !== null) found.set(address.href, address);
    if (found.size === MOST_LISTED) break;
  }
  return [...found.values()];
}
