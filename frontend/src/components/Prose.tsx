// A sentence of the server: what stands between backticks is code.

import type { ReactNode } from "react";

export function Prose({ text }: { readonly text: string }) {
  return <>{text.split(/(`[^`]+`)/).map(piece)}</>;
}

function piece(part: string, index: number): ReactNode {
  // The pieces of one sentence never move, so their place is their name.
  return index % 2 === 0 ? part : <code key={`${index}:${part}`}>{part.slice(1, -1)}</code>;
}
