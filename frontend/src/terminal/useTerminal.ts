// One xterm for the life of the page, its size kept to its box.

import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { type RefObject, useEffect, useEffectEvent, useState } from "react";
import { words } from "../words";
import { Painter } from "./painter";
import { readScreen } from "./screenText";
import { darkScheme, terminalTheme } from "./theme";

export interface TerminalView {
  readonly terminal: Terminal;
  readonly painter: Painter;
}

const SCROLLBACK_ROWS = 5000;
const LOG_ROWS = 300;
const LOG_DELAY_MS = 80;

export function useTerminal(
  box: RefObject<HTMLElement | null>,
  onDrawn: (seq: number) => void,
): TerminalView | null {
  const [view, setView] = useState<TerminalView | null>(null);
  const drawn = useEffectEvent(onDrawn);
  useEffect(() => {
    if (box.current === null) return;
    const terminal = createTerminal();
    const painter = new Painter(terminal, (seq) => drawn(seq));
    const letGo = [fitTo(box.current, terminal), followScheme(terminal)];
    setView({ terminal, painter });
    return () => {
      for (const end of letGo) end();
      painter.dispose();
      terminal.dispose();
      setView(null);
    };
  }, [box]);
  return view;
}

function createTerminal(): Terminal {
  const terminal = new Terminal({
    // For the choice of a Unicode version.
    allowProposedApi: true,
    // The server's terminal leaves "\n" alone; the carriage return is the page's to add.
    convertEol: true,
    disableStdin: true,
    cursorInactiveStyle: "outline",
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
    fontSize: 14,
    lineHeight: 1.25,
    minimumContrastRatio: 4.5,
    scrollback: SCROLLBACK_ROWS,
    theme: terminalTheme(darkScheme().matches),
  });
  // An emoji takes two columns, for programs and for fonts. xterm's own tables are older than that.
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  // A link of a program shows one thing and leads elsewhere, out of a page that people trust.
  terminal.parser.registerOscHandler(8, () => true);
  return terminal;
}

function fitTo(box: HTMLElement, terminal: Terminal): () => void {
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(box);
  terminal.textarea?.setAttribute("aria-label", words.terminalKeys);
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(box);
  fit.fit();
  return () => observer.disconnect();
}

function followScheme(terminal: Terminal): () => void {
  const scheme = darkScheme();
  const follow = () => {
    terminal.options.theme = terminalTheme(scheme.matches);
  };
  scheme.addEventListener("change", follow);
  return () => scheme.removeEventListener("change", follow);
}

/** The screen as text, a moment after it last changed. */
export function useScreenText(view: TerminalView | null): string {
  const [text, setText] = useState("");
  useEffect(() => {
    if (view === null) return;
    const { terminal } = view;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const parsed = terminal.onWriteParsed(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setText(readScreen(terminal.buffer.active, LOG_ROWS));
      }, LOG_DELAY_MS);
    });
    return () => {
      parsed.dispose();
      clearTimeout(timer);
    };
  }, [view]);
  return text;
}
