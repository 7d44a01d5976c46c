// A button with a menu, by the ARIA pattern: arrow keys and first letters go through it, Escape and a
// press elsewhere close it, and the focus returns to the button.

import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

export interface MenuItem {
  readonly name: string;
  /** The key that does the same. */
  readonly keys?: string;
  readonly isDisabled?: boolean;
  /** Begins a group. */
  readonly isFirst?: boolean;
  readonly act: () => void;
}

interface Props {
  readonly name: string;
  readonly items: readonly MenuItem[];
  readonly children: ReactNode;
}

const EDGE_PX = 8;

export function Menu({ name, items, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const open = () => {
    if (list.current === null || button.current === null) return;
    list.current.showPopover();
    placeBelow(list.current, button.current);
    entries(list.current)[0]?.focus();
  };
  const choose = (item: MenuItem) => {
    list.current?.hidePopover();
    button.current?.focus();
    item.act();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="button plain icon"
        aria-label={name}
        title={name}
        aria-haspopup="menu"
        aria-controls={id}
        popoverTarget={id}
        onClick={(event) => {
          event.preventDefault();
          if (list.current?.matches(":popover-open")) list.current.hidePopover();
          else open();
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          open();
        }}
      >
        {children}
      </button>
      <div
        ref={list}
        id={id}
        className="menu"
        role="menu"
        aria-label={name}
        popover="auto"
        tabIndex={-1}
        onKeyDown={(event) => step(event, list.current)}
      >
        {items.map((item) => (
          <button
            key={item.name}
            type="button"
            role="menuitem"
            className={item.isFirst ? "menu-item first" : "menu-item"}
            tabIndex={-1}
            disabled={item.isDisabled}
            onClick={() => choose(item)}
          >
            <span>{item.name}</span>
            {item.keys !== undefined && <span className="keys">{item.keys}</span>}
          </button>
        ))}
      </div>
    </>
  );
}

function entries(list: HTMLElement): HTMLButtonElement[] {
  return [...list.querySelectorAll<HTMLButtonElement>("button:enabled")];
}

function placeBelow(list: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const room = innerWidth - list.offsetWidth - EDGE_PX;
  list.style.left = `${Math.max(EDGE_PX, Math.min(at.right - list.offsetWidth, room))}px`;
  list.style.top = `${at.bottom + 4}px`;
  list.style.maxHeight = `${innerHeight - at.bottom - 4 - EDGE_PX}px`;
}

function step(event: KeyboardEvent, list: HTMLElement | null): void {
  if (list === null) return;
  if (event.key === "Tab") {
    // A menu is one stop of the Tab key.
    list.hidePopover();
    return;
  }
  const all = entries(list);
  const at = all.indexOf(document.activeElement as HTMLButtonElement);
  const next = {
    ArrowDown: (at + 1) % all.length,
    ArrowUp: (at - 1 + all.length) % all.length,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  const letter = event.key.length === 1 ? event.key.toLowerCase() : null;
  const byLetter = [...all.slice(at + 1), ...all].find(
    (entry) => letter !== null && entry.textContent.toLowerCase().startsWith(letter),
  );
  const found = next === undefined ? byLetter : all[next];
  if (found === undefined) return;
  event.preventDefault();
  found.focus();
}
