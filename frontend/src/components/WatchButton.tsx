// In the terminal's bar: leads to sharing the run.

import { Icon } from "../terminal/Icon";
import { sharedWords as said } from "../words";

export function WatchButton({ onOpen }: { readonly onOpen: () => void }) {
  return (
    <button
      type="button"
      className="button plain tool"
      data-testid="watch"
      title={said.watchHint}
      aria-label={said.watch}
      aria-haspopup="dialog"
      onClick={onOpen}
    >
      <Icon name="share" />
    </button>
  );
}
