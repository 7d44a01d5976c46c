// The panel for what is given before a run: all of the input, arguments, limits.

import { type ChangeEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { base64Of } from "../session/base64";
import {
  bytesIn,
  type Field,
  type InputFrom,
  LIMITS,
  MOST_INPUT_BYTES,
  splitArgs,
} from "../session/beforehand";
import type { Language } from "../session/useLanguages";
import { Icon } from "../terminal/Icon";
import { mistakeWords, optionWords as said } from "../words";
import type { RunOptionsState } from "./useRunOptions";
import "./runOptions.css";

const PANEL = "run-options";
const FROM: readonly InputFrom[] = ["terminal", "text", "file"];

/** Opens and closes the panel, and shows that something is set. */
export function RunOptionsButton({ state }: { readonly state: RunOptionsState }) {
  return (
    <button
      type="button"
      className="button plain options-button"
      data-testid="options"
      data-set={state.isSet}
      title={state.isSet ? state.hint : said.openHint}
      aria-expanded={state.isOpen}
      aria-controls={PANEL}
      onClick={() => state.setOpen(!state.isOpen)}
    >
      <Icon name="options" />
      <span>{said.open}</span>
      {state.isSet && <span className="set-dot" aria-hidden="true" />}
    </button>
  );
}

interface Props {
  readonly language: Language;
  readonly state: RunOptionsState;
}

export function RunOptions({ language, state }: Props) {
  const panel = useRef<HTMLElement>(null);
  const { isOpen, setOpen, tries } = state;
  const wrong = state.mistakes[0]?.field;
  // Where something is wrong one is led to it, else to the beginning.
  useEffect(() => {
    if (!isOpen) return;
    const { current } = panel;
    const field = current?.querySelector<HTMLElement>("[aria-invalid=true]");
    if (tries > 0) field?.focus();
    else current?.querySelector<HTMLElement>("input:checked")?.focus();
  }, [isOpen, tries]);
  if (!isOpen) return null;
  const close = () => {
    setOpen(false);
    document.querySelector<HTMLElement>(`[aria-controls=${PANEL}]`)?.focus();
  };
  return (
    <section
      ref={panel}
      id={PANEL}
      className="run-options"
      aria-label={said.title}
      data-testid="run-options"
      data-wrong={wrong}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div className="options-body">
        <InputChoice state={state} />
        <Arguments state={state} />
        <Limits language={language} state={state} />
      </div>
      <div className="options-foot">
        <p>{state.isKept ? said.kept(language.title) : said.keptPart}</p>
        <button type="button" className="button plain" onClick={state.reset}>
          {said.reset}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {said.done}
        </button>
      </div>
    </section>
  );
}

function InputChoice({ state }: { readonly state: RunOptionsState }) {
  const { inputFrom } = state.options;
  const name = useId();
  return (
    <fieldset>
      <legend>{said.input}</legend>
      {FROM.map((from) => (
        <label key={from} className="choice">
          <input
            type="radio"
            name={name}
            data-testid={`input-from-${from}`}
            checked={inputFrom === from}
            onChange={() => state.change({ inputFrom: from })}
          />
          {said.from[from]}
        </label>
      ))}
      {inputFrom === "text" && <TextInput state={state} />}
      {inputFrom === "file" && <FileInput state={state} />}
    </fieldset>
  );
}

function TextInput({ state }: { readonly state: RunOptionsState }) {
  const { text } = state.options;
  return (
    <FieldRow state={state} field="text" hint={said.textHint(bytesIn(text))}>
      {(aria) => (
        <textarea
          {...aria}
          aria-label={said.text}
          data-testid="stdin"
          rows={4}
          value={text}
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          onChange={(event) => state.change({ text: event.target.value })}
        />
      )}
    </FieldRow>
  );
}

function FileInput({ state }: { readonly state: RunOptionsState }) {
  const { file } = state.options;
  const [problem, setProblem] = useState("");
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    // So that the same file can be chosen again after it changed.
    const { target } = event;
    if (chosen === undefined) return;
    if (chosen.size > MOST_INPUT_BYTES) setProblem(mistakeWords({ kind: "too_large" }));
    else {
      try {
        const bytes = new Uint8Array(await chosen.arrayBuffer());
        const { name, size } = chosen;
        state.change({ file: { name, bytes: size, base64: base64Of(bytes) } });
        setProblem("");
      } catch {
        setProblem(said.fileFailed);
      }
    }
    target.value = "";
  };
  const hint = file === null ? said.noFile : said.fileHint(file.name, file.bytes);
  return (
    <FieldRow state={state} field="file" hint={hint} problem={problem}>
      {(aria) => (
        <label className="button quiet file-button">
          <input
            {...aria}
            type="file"
            className="visually-hidden"
            data-testid="stdin-file"
            onChange={(event) => void choose(event)}
          />
          {file === null ? said.chooseFile : said.changeFile}
        </label>
      )}
    </FieldRow>
  );
}

function Arguments({ state }: { readonly state: RunOptionsState }) {
  const id = useId();
  const { args } = splitArgs(state.options.args);
  return (
    <div className="group">
      <label className="group-title" htmlFor={id}>
        {said.args}
      </label>
      <FieldRow state={state} field="args" hint={said.argsHint}>
        {(aria) => (
          <input
            {...aria}
            id={id}
            type="text"
            data-testid="args"
            value={state.options.args}
            placeholder={said.argsExample}
            autoComplete="off"
            autoCapitalize="off"
            autoCorrect="off"
            spellCheck={false}
            onChange={(event) => state.change({ args: event.target.value })}
          />
        )}
      </FieldRow>
      {args.length > 0 && (
        <p className="args-read" data-testid="args-read">
          {said.argsRead(args.length)}{" "}
          {args.map((arg, index) => (
            // The same argument may be there twice; its place is its name.
            // biome-ignore lint/suspicious/noArrayIndexKey: they have nothing else
            <code key={index}>{arg}</code>
          ))}
        </p>
      )}
    </div>
  );
}

function Limits({ language, state }: Props) {
  const id = useId();
  const { limits } = state.options;
  return (
    <fieldset>
      <legend>{said.limits}</legend>
      <p className="field-hint lead">{said.limitsHint}</p>
      <div className="limits">
        {LIMITS.map(({ name, unit }) => (
          <div key={name} className="limit">
            <label htmlFor={`${id}${name}`}>{said.limit[name]}</label>
            <FieldRow
              state={state}
              field={name}
              hint={said.most(language.limits[name] / unit, said.unit[name])}
            >
              {(aria) => (
                <input
                  {...aria}
                  id={`${id}${name}`}
                  type="text"
                  inputMode="decimal"
                  data-testid={`limit-${name}`}
                  value={limits[name] ?? ""}
                  autoComplete="off"
                  onChange={(event) =>
                    state.change({ limits: { ...limits, [name]: event.target.value } })
                  }
                />
              )}
            </FieldRow>
          </div>
        ))}
      </div>
    </fieldset>
  );
}

interface Aria {
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string;
}

/** A field with what there is to say of it, or what is wrong with it. */
function FieldRow(props: {
  readonly state: RunOptionsState;
  readonly field: Field;
  readonly hint: string;
  readonly problem?: string;
  readonly children: (aria: Aria) => ReactNode;
}) {
  const id = useId();
  const mistake = props.state.mistakes.find(({ field }) => field === props.field);
  const wrong = props.problem || (mistake === undefined ? "" : mistakeWords(mistake));
  return (
    <>
      {props.children({ "aria-invalid": wrong !== "", "aria-describedby": id })}
      <p id={id} className="field-hint" data-wrong={wrong !== ""}>
        {wrong || props.hint}
      </p>
    </>
  );
}
