// The terminal: a run's output as it arrives, and one line of input that can be typed into the
// terminal itself or into the input line below it. Both are the same draft.

import type { Terminal } from "@xterm/xterm";
import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import type { OutputLine, Question } from "../session/reducer";
import { words } from "../words";
import { InputLine } from "./InputLine";
import { type Draft, EMPTY, edit } from "./lineEditor";
import { useScreenText, useTerminal } from "./useTerminal";

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

interface Props {
  readonly outputLines: readonly OutputLine[];
  /** The last event that they are of. */
  readonly seq: number;
  readonly screen: number;
  readonly isRunning: boolean;
  readonly isAway: boolean;
  readonly question: Question | null;
  readonly keys: { readonly echo: boolean; readonly raw: boolean };
  readonly onInput: (text: string) => void;
  readonly onKeys: (data: string) => void;
  readonly onInterrupt: () => void;
  readonly onEof: (rest: string) => void;
  readonly onResize: (size: Size) => void;
  /** All that the events up to `seq` say is on the screen. */
  readonly onDrawn: (seq: number) => void;
}

export function InteractiveTerminalOutput(props: Props) {
  const { outputLines, seq, screen, isRunning, question, keys } = props;
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const view = useTerminal(box, props.onDrawn);
  const text = useScreenText(view);
  const { draft, latest, setDraft } = useDraft();

  useEffect(() => {
    if (screen > 0) view?.painter.reset();
    setDraft(EMPTY);
  }, [view, screen, setDraft]);
  useEffect(() => view?.painter.append(outputLines, seq), [view, outputLines, seq]);
  useEffect(() => {
    if (question !== null) view?.painter.releaseHeld();
  }, [view, question]);
  useEffect(() => {
    view?.painter.setDraft(isRunning && keys.echo && !keys.raw ? draft : null);
  }, [view, draft, isRunning, keys]);

  const submit = (line: string) => {
    setDraft(EMPTY);
    props.onInput(line);
  };
  const interrupt = () => {
    setDraft(EMPTY);
    props.onInterrupt();
  };
  const endInput = (rest: string) => {
    setDraft(EMPTY);
    props.onEof(rest);
  };

  const typed = useEffectEvent((data: string) => {
    if (keys.raw) return props.onKeys(data);
    const edited = edit(latest(), data);
    setDraft(edited.draft);
    for (const action of edited.actions) {
      if (action.type === "submit") props.onInput(action.text);
      else if (action.type === "interrupt") props.onInterrupt();
      else if (action.type === "eof") props.onEof(action.rest);
      else props.onKeys(action.data);
    }
  });
  const resized = useEffectEvent(props.onResize);
  const takesTab = useEffectEvent(() => isRunning && keys.raw);
  useEffect(() => {
    if (view === null) return;
    const { terminal } = view;
    resized({ cols: terminal.cols, rows: terminal.rows });
    terminal.attachCustomKeyEventHandler((event) => isForTerminal(event, terminal, takesTab()));
    const data = terminal.onData((keysTyped) => typed(keysTyped));
    const size = terminal.onResize((now) => resized(now));
    return () => {
      data.dispose();
      size.dispose();
    };
  }, [view]);
  useEffect(() => {
    if (view === null) return;
    view.terminal.options.disableStdin = !isRunning;
    if (!isRunning) view.painter.end();
  }, [view, isRunning]);

  const chooseTerminal = useFocusFlow(view?.terminal ?? null, field, isRunning, question !== null);

  return (
    <section className="panel terminal-panel" aria-label={words.terminal}>
      <div className="panel-head">
        <h2>{words.terminal}</h2>
        <button
          type="button"
          className="button plain"
          onClick={() => view !== null && clear(view.terminal)}
        >
          {words.clear}
        </button>
      </div>
      <div className="terminal" data-testid="terminal" onPointerDown={chooseTerminal}>
        <div className="terminal-box" ref={box} />
        <pre
          className="visually-hidden"
          role="log"
          aria-live="off"
          aria-label={words.terminalLog}
          data-testid="terminal-log"
        >
          {text}
        </pre>
        {screen === 0 && <p className="terminal-empty">{words.emptyTerminal}</p>}
      </div>
      <div className="terminal-foot">
        {question === null ? (
          <p className="hint">{hint(isRunning, props.isAway)}</p>
        ) : (
          <InputLine
            question={question}
            draft={draft}
            field={field}
            onDraft={setDraft}
            onSubmit={submit}
            onInterrupt={interrupt}
            onEof={endInput}
          />
        )}
        {isRunning && <ControlKeys onInterrupt={interrupt} onEof={() => endInput(draft.text)} />}
      </div>
    </section>
  );
}

function hint(isRunning: boolean, isAway: boolean): string {
  if (!isRunning) return words.footerIdle;
  return isAway ? words.footerAway : words.footerRunning;
}

/** The line being typed. `latest` is ahead of React: two keys may come before it renders once. */
function useDraft() {
  const [draft, show] = useState<Draft>(EMPTY);
  const current = useRef(draft);
  const latest = useCallback(() => current.current, []);
  const setDraft = useCallback((next: Draft) => {
    current.current = next;
    show(next);
  }, []);
  return { draft, latest, setDraft };
}

/** The line with the cursor stays: it may hold a question. The empty write tells who reads along. */
function clear(terminal: Terminal): void {
  terminal.clear();
  terminal.write("");
}

function ControlKeys(props: { readonly onInterrupt: () => void; readonly onEof: () => void }) {
  return (
    <div className="control-keys">
      <button
        type="button"
        className="button plain"
        aria-label={words.interruptHint}
        title={words.interruptHint}
        onClick={props.onInterrupt}
      >
        {words.interrupt}
      </button>
      <button
        type="button"
        className="button plain"
        aria-label={words.endInputHint}
        title={words.endInputHint}
        onClick={props.onEof}
      >
        {words.endInput}
      </button>
    </div>
  );
}

/** Keys that stay the page's: Tab where no program reads keys, copying, and Ctrl+Enter. */
function isForTerminal(event: KeyboardEvent, terminal: Terminal, takesTab: boolean): boolean {
  if (event.key === "Tab") return takesTab && !event.shiftKey;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return false;
  const copies = event.key.toLowerCase() === "c" && event.ctrlKey && terminal.hasSelection();
  return !copies;
}

/**
 * Where keys go. After Run they go to the terminal, so that nothing typed ahead is lost; when the
 * program asks, to the input line, unless the person chose to type in the terminal or left for the
 * editor. On a touch screen nothing is focused before there is a question: it would call up the
 * keyboard.
 */
function useFocusFlow(
  terminal: Terminal | null,
  field: { readonly current: HTMLInputElement | null },
  isRunning: boolean,
  isWaiting: boolean,
): () => void {
  const choseTerminal = useRef(false);
  useEffect(() => {
    if (!isRunning) return;
    choseTerminal.current = false;
    if (matchMedia("(pointer: fine)").matches) terminal?.focus();
  }, [terminal, isRunning]);
  useEffect(() => {
    if (!isRunning || !isWaiting) return;
    const active = document.activeElement;
    const stays = active === terminal?.textarea ? choseTerminal.current : isTextEntry(active);
    if (!stays) field.current?.focus();
    return () => {
      // The line goes; what is typed until it comes back is typed ahead in the terminal.
      const atBody = document.activeElement === document.body || document.activeElement === null;
      if (atBody && matchMedia("(pointer: fine)").matches) terminal?.focus();
    };
  }, [terminal, field, isRunning, isWaiting]);
  return useCallback(() => {
    choseTerminal.current = true;
  }, []);
}

/** Somebody is writing or choosing there, and is not to be called away. */
function isTextEntry(element: Element | null): boolean {
  return element instanceof HTMLElement && (element.isContentEditable || element.matches("select"));
}
