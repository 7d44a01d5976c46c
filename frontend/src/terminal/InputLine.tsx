// The input line: there while the program waits for a line, with its question as the label.

import { type KeyboardEvent, type RefObject, useId } from "react";
import type { Question } from "../session/reducer";
import { words } from "../words";
import { Icon } from "./Icon";
import type { Draft } from "./lineEditor";

interface Props {
  readonly question: Question;
  readonly draft: Draft;
  readonly field: RefObject<HTMLInputElement | null>;
  /** Something was typed before, so that there is something to recall. */
  readonly hasHistory: boolean;
  readonly onDraft: (draft: Draft) => void;
  /** React tells of the first key in a field as of a selection too, after what the key did. */
  readonly onCursor: (text: string, cursor: number) => void;
  readonly onRecall: (by: -1 | 1) => void;
  readonly onSubmit: (text: string) => void;
  readonly onInterrupt: () => void;
  readonly onEof: (rest: string) => void;
}

export function InputLine(props: Props) {
  const { question, draft } = props;
  const id = useId();
  const prompt = question.prompt.trim();
  // A program that reads keys one by one, as Node's readline does, shows them itself.
  const isSecret = !question.echo && !question.raw;
  return (
    <form
      className="input-line"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit(draft.text);
      }}
    >
      <label htmlFor={id} data-testid="input-prompt">
        {prompt === "" ? words.inputFallbackLabel : prompt}
      </label>
      <div className="input-row">
        <input
          ref={props.field}
          id={id}
          data-testid="input-line"
          type={isSecret ? "password" : "text"}
          value={draft.text}
          autoComplete={isSecret ? "new-password" : "off"}
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="send"
          onChange={(event) => {
            const { value, selectionStart } = event.target;
            props.onDraft({ text: value, cursor: selectionStart ?? value.length });
          }}
          // The terminal's cursor follows this one.
          onSelect={(event) => {
            const { value, selectionEnd } = event.currentTarget;
            props.onCursor(value, selectionEnd ?? value.length);
          }}
          onKeyDown={(event) => onKey(event, props)}
        />
        {props.hasHistory && !isSecret && (
          <button
            type="button"
            className="button quiet recall"
            aria-label={words.earlierInput}
            title={words.earlierInput}
            onClick={() => {
              props.onRecall(-1);
              props.field.current?.focus();
            }}
          >
            <Icon name="up" />
          </button>
        )}
        <button type="submit" className="button quiet">
          {words.send}
        </button>
      </div>
    </form>
  );
}

/**
 * The arrow keys, Ctrl+C and Ctrl+D mean here what they mean in the terminal, unless there is text to
 * copy or a word to be chosen.
 */
function onKey(event: KeyboardEvent<HTMLInputElement>, props: Props): void {
  if (event.nativeEvent.isComposing) return;
  const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
  if (isPlain && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    props.onRecall(event.key === "ArrowUp" ? -1 : 1);
    return;
  }
  if (!event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const { selectionStart, selectionEnd } = event.currentTarget;
  if (event.key === "c" && selectionStart === selectionEnd) {
    event.preventDefault();
    props.onInterrupt();
  } else if (event.key === "d") {
    event.preventDefault();
    props.onEof(props.draft.text);
  }
}
