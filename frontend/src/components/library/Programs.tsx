// One's saved programs: to be opened, renamed, deleted, and shared by a link.

import { useId, useRef, useState } from "react";
import type {
  ProgramDetail,
  ProgramFacts,
  ProgramGone,
  ProgramListed,
  ProgramPage,
} from "../../answers";
import { loadedFrom } from "../../editor/sentProgram";
import { ask, change } from "../../session/api";
import { useAccount } from "../../session/useAccount";
import { libraryWords as said, words } from "../../words";
import { LinkField } from "../sharing/LinkField";
import type { LibraryProps } from "./Library";
import { useList } from "./useList";

export function Programs(props: LibraryProps) {
  const list = useList("/api/programs", pageOf);
  const account = useAccount();
  const [problem, setProblem] = useState("");
  const [note, setNote] = useState("");
  const say = (wrong: string, right = "") => {
    setProblem(wrong);
    setNote(right);
  };
  const put = (changed: ProgramFacts) =>
    list.set((items) => items.map((it) => (it.id === changed.id ? { ...it, ...changed } : it)));
  const remove = (gone: ProgramListed) => {
    list.set((items) => items.filter(({ id }) => id !== gone.id));
    props.onRenamed(gone.id, null);
    say("", said.removed(gone.name));
    document.querySelector<HTMLElement>("dialog [role=tab][aria-selected=true]")?.focus();
  };
  const isEmpty = list.isLoaded && list.failed === "" && list.items.length === 0;
  return (
    <>
      {!list.isLoaded && <p className="dialog-note">{said.loading}</p>}
      {isEmpty && <p className="dialog-note">{said.noPrograms}</p>}
      <p className="field-problem" role="alert">
        {problem || list.failed}
      </p>
      <p className="visually-hidden" role="status">
        {note}
      </p>
      <ul className="entries" data-testid="programs">
        {list.items.map((program) => (
          <Program
            key={program.id}
            {...props}
            program={program}
            onSay={say}
            onChanged={put}
            onRemoved={() => remove(program)}
          />
        ))}
      </ul>
      <div className="library-foot">
        <p className="field-hint">
          {account !== null && (account.signedIn ? said.ofAccount : said.ofBrowser)}
        </p>
        <button type="button" className="button quiet" onClick={props.onSave}>
          {said.saveCurrent}
        </button>
      </div>
    </>
  );
}

function pageOf({ programs }: ProgramPage) {
  return { items: programs, next: null };
}

interface ProgramProps extends LibraryProps {
  readonly program: ProgramListed;
  readonly onSay: (wrong: string, right?: string) => void;
  readonly onChanged: (program: ProgramFacts) => void;
  readonly onRemoved: () => void;
}

function Program(props: ProgramProps) {
  const { program, languages, onLoad, onRenamed, onSay, onChanged, onClose } = props;
  const { id, name, link } = program;
  const [open, setOpen] = useState<"nothing" | "name" | "link" | "delete">("nothing");
  const row = useRef<HTMLLIElement>(null);
  // What had the focus goes; it stays in this row.
  const fold = () => {
    row.current?.querySelector("button")?.focus();
    setOpen("nothing");
  };
  const language = languages.find((each) => each.name === program.language);
  const address = `/api/programs/${id}`;

  const load = async () => {
    if (language === undefined) return onSay(said.noLanguage(program.language));
    const answer = await ask<ProgramDetail>(address);
    if (!answer.ok) return onSay(answer.message);
    onClose();
    onLoad(loadedFrom(answer.value), { id, name });
  };
  const rename = async (next: string) => {
    const answer = await change<ProgramFacts>("PATCH", address, { name: next });
    onSay(answer.ok ? "" : answer.message);
    if (!answer.ok) return;
    onChanged(answer.value);
    onRenamed(id, answer.value.name);
    fold();
  };
  const remove = async () => {
    const answer = await change<ProgramGone>("DELETE", address);
    // Gone already, by another tab, is gone too.
    if (answer.ok || answer.code === "no_such_program") props.onRemoved();
    else onSay(answer.message);
  };
  const share = async (isShared: boolean) => {
    const answer = await change<ProgramFacts>(isShared ? "POST" : "DELETE", `${address}/link`);
    onSay(answer.ok ? "" : answer.message, isShared ? "" : said.sharedNoMore);
    if (!answer.ok) return;
    onChanged(answer.value);
    if (isShared) setOpen("link");
    else fold();
  };
  const toggle = (part: typeof open) => setOpen(open === part ? "nothing" : part);
  return (
    <li ref={row}>
      <div className="entry-text">
        <p>
          <span>{name}</span>
          <span className="entry-kind">{language?.title ?? program.language}</span>
          <time dateTime={program.changed_at}>{words.at(new Date(program.changed_at))}</time>
        </p>
        <code>{program.first_line || program.file_name}</code>
      </div>
      <div className="entry-actions">
        <Action name={said.open} of={name} onClick={() => void load()} />
        <Action
          name={said.share}
          of={name}
          isOpen={open === "link"}
          onClick={() => (link === null ? void share(true) : toggle("link"))}
        />
        <Action
          name={said.rename}
          of={name}
          isOpen={open === "name"}
          onClick={() => toggle("name")}
        />
        <Action
          name={open === "delete" ? said.removeReally : said.remove}
          of={name}
          isDanger={open === "delete"}
          onClick={() => (open === "delete" ? void remove() : setOpen("delete"))}
        />
      </div>
      {open === "name" && <NameForm initial={name} onName={(next) => void rename(next)} />}
      {open === "link" && link !== null && (
        <div className="entry-link">
          <p className="field-hint">{said.sharedLead}</p>
          <LinkField
            name={said.link}
            value={`${location.origin}/p/${link}`}
            testId="program-link"
          />
          <LinkField name={said.embedCode} value={frameOf(link)} testId="program-embed" />
          <button type="button" className="button quiet" onClick={() => void share(false)}>
            {said.stopSharing}
          </button>
        </div>
      )}
    </li>
  );
}

function frameOf(link: string): string {
  const address = `${location.origin}/embed?program=${link}`;
  return `<iframe src="${address}" title="${said.frameTitle}" width="100%" height="420"></iframe>`;
}

interface ActionProps {
  readonly name: string;
  readonly of: string;
  readonly isOpen?: boolean;
  readonly isDanger?: boolean;
  readonly onClick: () => void;
}

function Action({ name, of, isOpen, isDanger = false, onClick }: ActionProps) {
  return (
    <button
      type="button"
      className={isDanger ? "button stop" : "button quiet"}
      aria-label={said.named(name, of)}
      aria-expanded={isOpen}
      onClick={onClick}
    >
      {name}
    </button>
  );
}

function NameForm(props: { readonly initial: string; readonly onName: (name: string) => void }) {
  const [name, setName] = useState(props.initial);
  const id = useId();
  return (
    <form
      className="entry-name"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") props.onName(name.trim());
      }}
    >
      <label htmlFor={id}>{said.name}</label>
      <input
        id={id}
        type="text"
        maxLength={100}
        value={name}
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: one has just asked for it
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="button run">
        {said.rename}
      </button>
    </form>
  );
}
