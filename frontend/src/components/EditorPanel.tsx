// The program: its files as tabs, what can be done with them, and the editor.

import { useId, useRef, useState } from "react";
import { CodeEditor, type EditorHandle } from "../editor/CodeEditor";
import { highlightOf } from "../editor/languages";
import { fileNamed, freeName, type ProgramFile } from "../editor/programFiles";
import type { ChangeSettings, Settings } from "../editor/settings";
import { download, downloadAll, readFiles } from "../editor/transfer";
import type { Program } from "../editor/useProgram";
import type { Place } from "../session/traces";
import type { Language } from "../session/useLanguages";
import { words } from "../words";
import { EarlierDialog } from "./EarlierDialog";
import { FileTabs, tabId } from "./FileTabs";
import { Menu, type MenuItem } from "./Menu";
import { NameDialog } from "./NameDialog";
import { SettingsDialog } from "./SettingsDialog";
import { useFileDrop } from "./useFileDrop";
import "./editor.css";

interface Props {
  readonly language: Language | null;
  readonly program: Program;
  readonly problems: readonly Place[];
  readonly settings: Settings;
  readonly onSettings: ChangeSettings;
  readonly onSave: () => void;
}

type Open =
  | { readonly type: "none" | "new" | "settings" | "earlier" }
  | { readonly type: "rename"; readonly file: ProgramFile };

const NONE: Open = { type: "none" };

export function EditorPanel(props: Props) {
  return (
    <section className="panel editor-panel" aria-label={words.editor}>
      <h2 className="visually-hidden">{words.editor}</h2>
      {props.language === null ? (
        <>
          <div className="panel-head" />
          <div className="editor" data-testid="editor" />
        </>
      ) : (
        <Files {...props} language={props.language} />
      )}
    </section>
  );
}

function Files(props: Props & { readonly language: Language }) {
  const { language, program, problems, settings } = props;
  const { file } = program;
  const editor = useRef<EditorHandle>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const panelId = useId();
  const [open, setOpen] = useState<Open>(NONE);
  const close = () => setOpen(NONE);

  const take = async (files: readonly File[]) => {
    const { files: read, refused } = await readFiles(files);
    program.add(read, refused.length === 0 ? "" : words.notText(refused));
  };
  const isOver = useFileDrop((files) => void take(files));
  const named = (name: string) => {
    close();
    if (open.type === "rename") program.rename(open.file.id, name);
    else program.add([{ name, text: "" }], "");
    // Once the dialog has given the focus back.
    requestAnimationFrame(() => editor.current?.focus());
  };
  const ending = /\.\w+$/.exec(language.file_name)?.[0] ?? "";
  const isOnly = program.program.files.length === 1;
  const isMain = program.program.main === file.id;
  const remove = (which: ProgramFile) => {
    if (!isOnly) program.remove(which);
  };
  const items: MenuItem[] = [
    { name: words.newFile, act: () => setOpen({ type: "new" }) },
    { name: words.openFiles, act: () => chooser.current?.click() },
    { name: words.rename, keys: "F2", act: () => setOpen({ type: "rename", file }) },
    { name: words.makeMain, isDisabled: isMain, act: () => program.chooseMain(file.id) },
    { name: words.deleteFile, isDisabled: isOnly, act: () => remove(file) },
    { name: words.download, isFirst: true, act: () => download(file) },
    {
      name: words.downloadAll,
      act: () => void downloadAll(`codr-${language.name}.zip`, program.program.files),
    },
    { name: words.find, keys: "Ctrl+F", isFirst: true, act: () => editor.current?.search() },
    { name: words.toggleComment, keys: "Ctrl+/", act: () => editor.current?.toggleComment() },
    { name: words.saveProgram, keys: "Ctrl+S", isFirst: true, act: props.onSave },
    { name: words.earlier, act: () => setOpen({ type: "earlier" }) },
    { name: words.openSettings, act: () => setOpen({ type: "settings" }) },
  ];

  return (
    <>
      <div className="panel-head editor-head">
        <FileTabs
          program={program.program}
          panelId={panelId}
          errors={errorsByFile(program, problems)}
          onOpen={program.open}
          onRename={(which) => setOpen({ type: "rename", file: which })}
          onDelete={remove}
        />
        <button
          type="button"
          className="button plain icon"
          aria-label={words.addFile}
          title={words.addFile}
          onClick={() => setOpen({ type: "new" })}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M7.2 2.5h1.6v4.7h4.7v1.6H8.8v4.7H7.2V8.8H2.5V7.2h4.7z" />
          </svg>
        </button>
        <span className="version">{language.version}</span>
        <Menu name={words.programMenu} items={items}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="3" r="1.5" />
            <circle cx="8" cy="8" r="1.5" />
            <circle cx="8" cy="13" r="1.5" />
          </svg>
        </Menu>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          data-testid="file-chooser"
          onChange={(event) => {
            void take([...(event.target.files ?? [])]);
            // The same file may be chosen again.
            event.target.value = "";
          }}
        />
      </div>
      <Note program={program} />
      <div
        className="editor-body"
        id={panelId}
        role="tabpanel"
        aria-labelledby={tabId(program.program.open)}
      >
        <CodeEditor
          ref={editor}
          documentName={file.id}
          initialText={file.text}
          highlight={highlightOf(file.name, language.highlight)}
          settings={settings}
          problems={problems}
          isHere={(place) => fileNamed(program.program, place.file ?? "")?.id === file.id}
          target={program.target}
          getOtherTexts={() =>
            program.program.files.filter((it) => it !== file).map((it) => it.text)
          }
          onChange={program.edit}
        />
        {isOver && <p className="drop-hint">{words.dropHere}</p>}
      </div>
      {open.type === "new" && (
        <NameDialog
          title={words.addFile}
          action={words.add}
          initial={freeName(words.newFileStem + ending, program.names())}
          others={program.names()}
          onName={named}
          onClose={close}
        />
      )}
      {open.type === "rename" && (
        <NameDialog
          title={words.renameTitle(open.file.name)}
          action={words.renameAction}
          initial={open.file.name}
          others={program.names(open.file.id)}
          onName={named}
          onClose={close}
        />
      )}
      {open.type === "earlier" && (
        <EarlierDialog
          earlier={program.earlier()}
          onRestore={(earlier) => {
            close();
            program.restore(earlier);
          }}
          onClose={close}
        />
      )}
      {open.type === "settings" && (
        <SettingsDialog settings={settings} onChange={props.onSettings} onClose={close} />
      )}
    </>
  );
}

function Note({ program }: { readonly program: Program }) {
  const { note, isKept } = program;
  const text = note?.text ?? (isKept ? null : words.notKept);
  return (
    <div role="status" className={text === null ? undefined : "file-note"} data-testid="file-note">
      {text !== null && <p>{text}</p>}
      {note !== null && note.undo !== null && (
        <button type="button" className="button quiet" onClick={note.undo}>
          {words.undo}
        </button>
      )}
      {note !== null && (
        <button type="button" className="button plain" onClick={program.dismissNote}>
          {words.dismiss}
        </button>
      )}
    </div>
  );
}

function errorsByFile(program: Program, problems: readonly Place[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const place of problems) {
    const id = fileNamed(program.program, place.file ?? "")?.id;
    if (id === undefined || place.isCaller) continue;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
