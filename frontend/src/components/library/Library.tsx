// One's runs and saved programs, in a dialog with a tab for each. Loaded when it is first opened.

import { type KeyboardEvent, useId, useState } from "react";
import type { Loaded } from "../../editor/sentProgram";
import type { Followed } from "../../session/session";
import type { Language } from "../../session/useLanguages";
import { libraryWords as said } from "../../words";
import { Dialog } from "../Dialog";
import { Programs } from "./Programs";
import { Runs } from "./Runs";
import "./library.css";

export interface LibraryProps {
  readonly languages: readonly Language[];
  readonly isRunning: boolean;
  /** `name` and `id` of the saved program that it is; null for that of a run. */
  readonly onLoad: (
    loaded: Loaded,
    saved: { readonly id: string; readonly name: string } | null,
  ) => void;
  readonly onFollow: (run: Followed) => void;
  /** The server calls a program otherwise; null: it is gone. */
  readonly onRenamed: (id: string, name: string | null) => void;
  readonly onSave: () => void;
  readonly onClose: () => void;
}

const TABS = ["runs", "programs"] as const;

export default function Library(props: LibraryProps) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("runs");
  const id = useId();
  const key = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const next = tab === "runs" ? "programs" : "runs";
    setTab(next);
    document.getElementById(`${id}${next}`)?.focus();
  };
  return (
    <Dialog title={said.title} onClose={props.onClose} isWide>
      <div className="library-tabs" role="tablist" aria-label={said.title}>
        {TABS.map((each) => (
          <button
            key={each}
            id={`${id}${each}`}
            type="button"
            role="tab"
            className="tab"
            data-testid={`tab-${each}`}
            aria-selected={tab === each}
            aria-controls={`${id}panel`}
            tabIndex={tab === each ? 0 : -1}
            onClick={() => setTab(each)}
            onKeyDown={key}
          >
            {said[each]}
          </button>
        ))}
      </div>
      <div id={`${id}panel`} role="tabpanel" aria-labelledby={`${id}${tab}`}>
        {tab === "runs" ? <Runs {...props} /> : <Programs {...props} />}
      </div>
    </Dialog>
  );
}
