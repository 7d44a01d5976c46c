// One xterm for the life of the page, its size kept to its box.

import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { type RefObject, useEffect, useEffectEvent, useState } from "react";
import { onSchemeChange } from "../scheme";
import { words } from "../words";
import { type Address, addressOf } from "./links";
import { Painter } from "./painter";
import { readScreen } from "./screenText";
import { highContrast, looks } from "./theme";

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
  onLink: (address: Address) => void,
): TerminalView | null {
  const [view, setView] = useState<TerminalView | null>(null);
  const drawn = useEffectEvent(onDrawn);
  const linked = useEffectEvent(onLink);
  useEffect(() => {
    if (box.current === null) return;
    const terminal = createTerminal();
    const painter = new Painter(terminal, (seq) => drawn(seq));
    const letGo = [fitTo(box.current, terminal), followScheme(terminal)];
    void showLinks(terminal, (address) => linked(address));
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
    // It would call a program's stray byte, such as a DEL, an error of the page.
    logLevel: "off",
    // The server's terminal leaves "\n" alone; the carriage return is the page's to add.
    convertEol: true,
    disableStdin: true,
    cursorInactiveStyle: "outline",
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
    fontSize: 14,
    lineHeight: 1.25,
    scrollback: SCROLLBACK_ROWS,
    ...looks(),
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
  const contrast = highContrast();
  const follow = () => {
    terminal.options = looks();
  };
  contrast.addEventListener("change", follow);
  const unfollow = onSchemeChange(follow);
  return () => {
    contrast.removeEventListener("change", follow);
    unfollow();
  };
}

/**
 * Addresses of the web can be clicked. A plain click shows where one leads, and Ctrl opens it: nobody
 * is led out of the page by a click that they meant for something else. After the first load.
 */
async function showLinks(terminal: Terminal, onLink: (address: Address) => void): Promise<void> {
  const { WebLinksAddon } = await import("@xterm/addon-web-links");
  const links = new WebLinksAddon((event, text) => {
    const address = addressOf(text);
    if (address === null) return;
    if (event.ctrlKey || event.metaKey) open(address.href, "_blank", "noopener,noreferrer");
    else onLink(address);
  });
  if (terminal.element?.isConnected === true) terminal.loadAddon(links);
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
