// Looking for something in what the terminal has, scrolled away or not. The search itself comes when
// it is first asked for.

import type { SearchAddon } from "@xterm/addon-search";
import type { Terminal } from "@xterm/xterm";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { words } from "../words";
import { Icon } from "./Icon";
import { Tool } from "./Tool";
import { matchColours } from "./theme";

interface Props {
  readonly terminal: Terminal;
  readonly onClose: () => void;
}

interface Found {
  readonly at: number;
  readonly count: number;
}

export function TerminalSearch({ terminal, onClose }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const addon = useSearch(terminal);
  const [term, setTerm] = useState("");
  const [caseSensitive, setCaseSensitive] = useState(false);
  const [found, setFound] = useState<Found | null>(null);
  const options = { caseSensitive, decorations: matchColours() };

  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    const results = addon?.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ at: resultIndex, count: resultCount }),
    );
    return () => results?.dispose();
  }, [addon]);
  useEffect(() => {
    if (addon === null) return;
    // The search goes on from what is selected, which is what the term before this one found.
    terminal.clearSelection();
    // It counts anew for another term only, and not for the same one in another case.
    addon.clearDecorations();
    if (term !== "") addon.findPrevious(term, { caseSensitive, decorations: matchColours() });
  }, [addon, terminal, term, caseSensitive]);

  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
    else if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    // The newest is at the bottom, where one looks first: so Enter goes up.
    else if (event.shiftKey) addon?.findNext(term, options);
    else addon?.findPrevious(term, options);
    event.preventDefault();
  };
  const isFound = term !== "" && found !== null;
  return (
    <search className="terminal-search" data-testid="terminal-search">
      <label className="visually-hidden" htmlFor={id}>
        {words.findLabel}
      </label>
      <input
        ref={field}
        id={id}
        data-testid="find"
        value={term}
        placeholder={words.findInTerminal}
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="search"
        onChange={(event) => setTerm(event.target.value)}
        onKeyDown={onKey}
      />
      <span className="found" role="status" data-testid="found">
        {isFound ? words.findCount(found.at, found.count) : ""}
      </span>
      <Tool
        name={words.findCase}
        className="case"
        isPressed={caseSensitive}
        onClick={() => setCaseSensitive(!caseSensitive)}
      >
        Aa
      </Tool>
      <Tool name={words.findPrevious} onClick={() => addon?.findPrevious(term, options)}>
        <Icon name="up" />
      </Tool>
      <Tool name={words.findNext} onClick={() => addon?.findNext(term, options)}>
        <Icon name="down" />
      </Tool>
      <Tool name={words.findClose} onClick={onClose}>
        <Icon name="close" />
      </Tool>
    </search>
  );
}

function useSearch(terminal: Terminal): SearchAddon | null {
  const [addon, setAddon] = useState<SearchAddon | null>(null);
  useEffect(() => {
    let search: SearchAddon | null = null;
    let isOver = false;
    void import("@xterm/addon-search").then((module) => {
      if (isOver) return;
      search = new module.SearchAddon();
      terminal.loadAddon(search);
      setAddon(search);
    });
    return () => {
      isOver = true;
      search?.dispose();
      terminal.clearSelection();
    };
  }, [terminal]);
  return addon;
}
