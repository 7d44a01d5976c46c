// The terminal: a run's output as it arrives, and one line of input that can be typed into the
// terminal itself or into the input line below it. Both are the same draft.

import type { Terminal } from "@xterm/xterm";
import {
  type ReactNode,
  useCallback,
  useEffect,
  useEffectEvent,
  useMemo,
  useRef,
  useState,
} from "react";
import { saveFile } from "../saveFile";
import type { Execution } from "../session/useWebSocketExecution";
import { words } from "../words";
import { ControlKeys } from "./ControlKeys";
import { InputHistory, localHistory } from "./history";
import { InputLine } from "./InputLine";
import { LinkPanel } from "./LinkPanel";
import { type Draft, EMPTY, edit, type Recall } from "./lineEditor";
import { type Address, addressesIn } from "./links";
import { TerminalSearch } from "./TerminalSearch";
import { TerminalTools } from "./TerminalTools";
import "./terminal.css";
import { useScreenText, useTerminal } from "./useTerminal";

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

interface Props {
  /** Of the run that it shows, by whose language the history of inputs is kept. */
  readonly execution: Execution;
  readonly onResize: (size: Size) => void;
  /** What stands in the terminal's head before its tools, and over it all. */
  readonly headTools?: ReactNode;
  readonly cover?: ReactNode;
  /** What a run will get, where that is not the usual. */
  readonly idleHint?: string | undefined;
}

export function InteractiveTerminalOutput(props: Props) {
  const { execution } = props;
  const { outputLines, seq, screen, isRunning, isBatch, mayType, keys, language } = execution;
  const takesInput = isRunning && mayType;
  const question = mayType ? execution.question : null;
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [strip, setStrip] = useState<Strip | null>(null);
  const view = useTerminal(box, execution.drawn, (address) =>
    setStrip({ type: "links", addresses: [address] }),
  );
  const text = useScreenText(view);
  const links = useMemo(() => addressesIn(text), [text]);
  const { draft, latest, setDraft } = useDraft();
  const history = useMemo(() => new InputHistory(language, localHistory), [language]);

  useEffect(() => {
    if (screen > 0) view?.painter.reset();
    setDraft(EMPTY);
  }, [view, screen, setDraft]);
  useEffect(() => view?.painter.append(outputLines, seq), [view, outputLines, seq]);
  useEffect(() => {
    if (execution.question !== null) view?.painter.releaseHeld();
  }, [view, execution.question]);
  useEffect(() => {
    view?.painter.setDraft(takesInput && keys.echo && !keys.raw ? draft : null);
  }, [view, draft, takesInput, keys]);
  useEffect(() => {
    if (screen > 0) setStrip((now) => (now?.type === "find" ? now : null));
  }, [screen]);

  const send = (line: string) => {
    // Not what was typed ahead: nobody knows yet whether it is a password that will be asked for.
    history.sent(line, question !== null && keys.echo && !keys.raw);
    execution.sendInput(line);
  };
  const recall: Recall = (from, by) => (keys.echo ? history.step(from, by) : from);
  const submit = (line: string) => {
    setDraft(EMPTY);
    send(line);
  };
  const interrupt = () => {
    setDraft(EMPTY);
    execution.interrupt();
  };
  const endInput = (rest: string) => {
    setDraft(EMPTY);
    execution.sendEof(rest);
  };

  const typed = useEffectEvent((data: string) => {
    if (isBatch) {
      if (data === "\x03") execution.interrupt();
      return;
    }
    if (keys.raw) return execution.sendKeys(data);
    const edited = edit(latest(), data, recall);
    setDraft(edited.draft);
    for (const action of edited.actions) {
      if (action.type === "submit") send(action.text);
      else if (action.type === "interrupt") execution.interrupt();
      else if (action.type === "eof") execution.sendEof(action.rest);
      else execution.sendKeys(action.data);
    }
  });
  const resized = useEffectEvent(props.onResize);
  const takesTab = useEffectEvent(() => takesInput && keys.raw);
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
    view.terminal.options.disableStdin = !takesInput;
    if (!isRunning) view.painter.end();
  }, [view, isRunning, takesInput]);

  const chooseTerminal = useFocusFlow(view?.terminal ?? null, field, takesInput, question !== null);

  const closeStrip = () => {
    setStrip(null);
    view?.terminal.focus();
  };
  const save = () => {
    const { bytes, isText, isWhole } = execution.stdout;
    saveFile(execution.savedOutput(), isText ? "output.txt" : "output.bin");
    if (!isWhole) setStrip({ type: "notice", text: words.saveIsPart(bytes) });
  };

  return (
    <section
      className="panel terminal-panel"
      aria-label={words.terminal}
      onKeyDown={(event) => {
        if (!event.shiftKey || !event.ctrlKey || event.key.toLowerCase() !== "f") return;
        event.preventDefault();
        setStrip({ type: "find" });
      }}
    >
      <div className="panel-head">
        <h2>{words.terminal}</h2>
        {strip?.type === "find" && view !== null ? (
          <TerminalSearch terminal={view.terminal} onClose={closeStrip} />
        ) : (
          <>
            {props.headTools}
            <TerminalTools
              terminal={view?.terminal ?? null}
              stdout={execution.stdout}
              hasLinks={links.length > 0}
              onFind={() => setStrip({ type: "find" })}
              onLinks={() => setStrip({ type: "links", addresses: links })}
              onSave={save}
            />
          </>
        )}
      </div>
      <div className="terminal-strips">
        {strip?.type === "links" && <LinkPanel addresses={strip.addresses} onClose={closeStrip} />}
        {strip?.type === "notice" && (
          <p className="link-panel" role="status">
            {strip.text}
            <button type="button" className="button plain" onClick={closeStrip}>
              {words.dismiss}
            </button>
          </p>
        )}
      </div>
      {props.cover}
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
        {screen === 0 && <EmptyTerminal />}
      </div>
      <div className="terminal-foot">
        {question === null ? (
          <p className="hint">{hint(execution, props.idleHint)}</p>
        ) : (
          <InputLine
            question={question}
            draft={draft}
            field={field}
            hasHistory={!history.isEmpty}
            onDraft={setDraft}
            onCursor={(shown, cursor) =>
              latest().text === shown && setDraft({ text: shown, cursor })
            }
            onRecall={(by) => setDraft(recall(latest(), by))}
            onSubmit={submit}
            onInterrupt={interrupt}
            onEof={endInput}
          />
        )}
        {takesInput && (
          <ControlKeys
            onInterrupt={interrupt}
            onEof={isBatch ? null : () => endInput(draft.text)}
          />
        )}
      </div>
    </section>
  );
}

/** What comes in the place of the tools, or over the top of the terminal, one at a time. */
type Strip =
  | { readonly type: "find" }
  | { readonly type: "links"; readonly addresses: readonly Address[] }
  | { readonly type: "notice"; readonly text: string };

function hint(execution: Execution, idleHint: string = words.footerIdle): string {
  if (!execution.isRunning) return idleHint;
  if (!execution.mayType) return words.footerWatching;
  if (execution.link === "away" || execution.link === "given_up") return words.footerAway;
  return execution.isBatch ? words.footerBatch : words.footerRunning;
}

/** Teaches what to press, and how the four kinds of text look. */
function EmptyTerminal() {
  return (
    <div className="terminal-empty">
      <p>{hasKeyboard() ? words.emptyTerminal : words.emptyTerminalTouch}</p>
      <ul className="kinds">
        {KINDS.map((kind) => (
          <li key={kind} className={`kind ${kind}`}>
            {words.kinds[kind]}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A touch screen has one only while something is focused, and then in the way. */
function hasKeyboard(): boolean {
  return matchMedia("(pointer: fine)").matches;
}

const KINDS = ["stdout", "stderr", "input", "system"] as const;

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

/** Keys that stay the page's: Tab where no program reads keys, copying, and Ctrl+Enter. */
function isForTerminal(event: KeyboardEvent, terminal: Terminal, takesTab: boolean): boolean {
  if (event.key === "Tab") return takesTab && !event.shiftKey;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return false;
  if (event.key.toLowerCase() === "f" && event.ctrlKey && event.shiftKey) return false;
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
    if (hasKeyboard()) terminal?.focus();
  }, [terminal, isRunning]);
  useEffect(() => {
    if (!isRunning || !isWaiting) return;
    const active = document.activeElement;
    const stays = active === terminal?.textarea ? choseTerminal.current : isTextEntry(active);
    if (!stays) field.current?.focus();
    return () => {
      // The line goes; what is typed until it comes back is typed ahead in the terminal.
      const atBody = document.activeElement === document.body || document.activeElement === null;
      if (atBody && hasKeyboard()) terminal?.focus();
    };
  }, [terminal, field, isRunning, isWaiting]);
  return useCallback(() => {
    choseTerminal.current = true;
  }, []);
}

/** Somebody is writing or choosing there, and is not to be called away. */
function isTextEntry(element: Element | null): boolean {
  if (!(element instanceof HTMLElement)) return false;
  return element.isContentEditable || element.matches("select, .run-options *, .terminal-search *");
}
