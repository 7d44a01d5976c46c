// The buttons above the terminal: find, links, copy, save, clear.

import type { Terminal } from "@xterm/xterm";
import { useEffect, useState } from "react";
import type { OutputFacts } from "../session/outputBytes";
import { words } from "../words";
import { copyText } from "./clipboard";
import { Icon } from "./Icon";
import { readScreen } from "./screenText";
import { Tool } from "./Tool";

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
      <Tool name={words.findInTerminal} hint={words.findHint} onClick={props.onFind}>
        <Icon name="find" />
      </Tool>
      {props.hasLinks && (
        <Tool name={words.links} hint={words.linksHint} onClick={props.onLinks}>
          <Icon name="links" />
        </Tool>
      )}
      <CopyTool terminal={terminal} />
      <Tool
        name={words.save}
        hint={stdout.bytes > 0 ? words.saveHint(stdout.bytes) : words.saveNothing}
        isDisabled={stdout.bytes === 0}
        onClick={props.onSave}
      >
        <Icon name="save" />
      </Tool>
      <Tool
        name={words.clear}
        hint={words.clearHint}
        onClick={() => terminal !== null && clear(terminal)}
      >
        <Icon name="clear" />
      </Tool>
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
      <Tool name={words.copy} hint={words.copyHint} onClick={() => void copy()}>
        <Icon name="copy" />
      </Tool>
      <span className="tool-said" role="status" data-testid="copied">
        {said}
      </span>
    </>
  );
}

/** The line with the cursor stays: it may hold a question. The empty write tells who reads along. */
function clear(terminal: Terminal): void {
  terminal.clear();
  terminal.write("");
}
