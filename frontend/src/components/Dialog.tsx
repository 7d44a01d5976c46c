// A dialog over the page. The browser keeps the focus in it, closes it on Escape, and gives the focus
// back to where it was.

import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { words } from "../words";

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, isWide = false, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed while it is still there, so that it can give the focus back.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    // Not the button that closes it, which comes first.
    dialog
      ?.querySelector<HTMLElement>("input, select, [role=tab][aria-selected=true], li button")
      ?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      className={isWide ? "dialog wide-dialog" : "dialog"}
      aria-labelledby={heading}
      onCancel={onClose}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button
          type="button"
          className="button plain icon"
          aria-label={words.close}
          title={words.close}
          onClick={onClose}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M3.3 4.4 4.4 3.3 8 6.9l3.6-3.6 1.1 1.1L9.1 8l3.6 3.6-1.1 1.1L8 9.1l-3.6 3.6-1.1-1.1L6.9 8z" />
          </svg>
        </button>
      </div>
      {children}
    </dialog>
  );
}
