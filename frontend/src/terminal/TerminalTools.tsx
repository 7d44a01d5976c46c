// The buttons above the terminal: find, links, copy, save, clear.

import type { Terminal } from "@xterm/xterm";
import { useEffect, useState } from "react";
import type { OutputFacts } from "../session/outputBytes";
import { words } from "../words";
import { copyText } from "./clipboard";
import { Icon } from "./Icon";
import { readScreen } from "./screenText";

interface Props {
  readonly terminal: Terminal | null;
  readonly stdout: OutputFacts;
  readonly hasLinks: boolean;
  readonly onFind: () => void;
  readonly onLinks: () => void;
  readonly onSave: () => void;
}

const SAID_MS = 2500;

export function TerminalTools(props: Props) {
  const { terminal, stdout } = props;
  return (
    <div className="terminal-tools">
      <Tool icon="find" name={words.findInTerminal} hint={words.findHint} onClick={props.onFind} />
      {props.hasLinks && (
        <Tool icon="links" name={words.links} hint={words.linksHint} onClick={props.onLinks} />
      )}
      <CopyTool terminal={terminal} />
      <Tool
        icon="save"
        name={words.save}
        hint={stdout.bytes > 0 ? words.saveHint(stdout.bytes) : words.saveNothing}
        isDisabled={stdout.bytes === 0}
        onClick={props.onSave}
      />
      <Tool
        icon="clear"
        name={words.clear}
        hint={words.clearHint}
        onClick={() => terminal !== null && clear(terminal)}
      />
    </div>
  );
}

function CopyTool({ terminal }: { readonly terminal: Terminal | null }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    if (terminal === null) return;
    const text = terminal.getSelection() || readScreen(terminal.buffer.active, Infinity);
    setSaid((await copyText(text)) ? words.copied : words.copyFailed);
  };
  return (
    <>
      <Tool icon="copy" name={words.copy} hint={words.copyHint} onClick={() => void copy()} />
      <span className="tool-said" role="status" data-testid="copied">
        {said}
      </span>
    </>
  );
}

interface ToolProps {
  readonly icon: "find" | "links" | "copy" | "save" | "clear";
  readonly name: string;
  readonly hint: string;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}

function Tool({ icon, name, hint, isDisabled, onClick }: ToolProps) {
  return (
    <button
      type="button"
      className="button plain tool"
      title={hint}
      aria-label={name}
      disabled={isDisabled ?? false}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The line with the cursor stays: it may hold a question. The empty write tells who reads along. */
function clear(terminal: Terminal): void {
  terminal.clear();
  terminal.write("");
}
