// `/embed`: a program within another page, which chose it. No cookie comes along there as a rule, so
// that it runs for nobody in particular, and nothing is kept.

import { useMemo, useRef, useState } from "react";
import type { ProgramShared } from "../answers";
import { RunButton } from "../components/RunButton";
import { oneFile, type ProgramFiles, withText } from "../editor/programFiles";
import { type Loaded, loadedFrom } from "../editor/sentProgram";
import { DEFAULTS } from "../editor/settings";
import { useScheme } from "../scheme";
import { NO_OPTIONS } from "../session/beforehand";
import { noStore } from "../session/keptRun";
import { type Language, type Languages, useLanguages } from "../session/useLanguages";
import { useWebSocketExecution } from "../session/useWebSocketExecution";
import { sharedWords as said, words } from "../words";
import { addressInCodr, type Embedding, embeddingIn } from "./embedding";
import { Found, Loading, Nothing } from "./Found";
import { Frame, languageOf } from "./Frame";
import { useLinkRun } from "./useLinkRun";

export default function EmbedPage() {
  const [embedding] = useState(() => embeddingIn(location.search, location.hash));
  useScheme(embedding.theme);
  if (embedding.program !== null)
    return <OfProgram embedding={embedding} link={embedding.program} />;
  return <OfCode embedding={embedding} />;
}

function OfProgram({ embedding, link }: { readonly embedding: Embedding; readonly link: string }) {
  // Asked for at once, and not after the program.
  const languages = useLanguages();
  return (
    <Found<ProgramShared> path={`/api/shared/${encodeURIComponent(link)}`} refused={<Refused />}>
      {(shared) => <OfShared {...{ embedding, link, shared, languages }} />}
    </Found>
  );
}

interface OfSharedProps {
  readonly embedding: Embedding;
  readonly link: string;
  readonly shared: ProgramShared;
  readonly languages: Languages;
}

function OfShared({ embedding, link, shared, languages }: OfSharedProps) {
  const loaded = useMemo(() => loadedFrom(shared), [shared]);
  if (!languages.loaded) return <Loading />;
  const language = languageOf(languages.languages, loaded.language);
  return <Embedded {...{ embedding, language, loaded }} address={() => `/p/${link}`} />;
}

function OfCode({ embedding }: { readonly embedding: Embedding }) {
  const { languages, loaded: isKnown, isRefused } = useLanguages();
  const wanted = embedding.language;
  const language = languages.find(
    ({ name, aliases }) => wanted === "" || name === wanted || aliases.includes(wanted),
  );
  const loaded = useMemo(() => {
    if (language === undefined) return null;
    const program = oneFile(language.file_name, embedding.code ?? language.example);
    return { language: language.name, program, options: NO_OPTIONS, left: [] };
  }, [language, embedding]);
  if (!isKnown) return isRefused ? <Refused /> : <Loading />;
  if (language === undefined || loaded === null) {
    return <Nothing title={said.embedLanguage(wanted)} text={said.embedEmpty} />;
  }
  const address = (code: string) => addressInCodr(language.name, code);
  return <Embedded {...{ embedding, language, loaded, address }} />;
}

/** Without the cookies, which a page within another page does not get, there is no signing in. */
function Refused() {
  return (
    <main className="nothing" data-testid="nothing">
      <h1>{said.signIn}</h1>
      <p>{said.embedSignIn}</p>
      <OpenInCodr href={`/${location.search}${location.hash}`} look="run" />
    </main>
  );
}

interface Props {
  readonly embedding: Embedding;
  readonly language: Language;
  readonly loaded: Loaded;
  /** Where it is in Codr itself, with the code as it is now. */
  readonly address: (code: string) => string;
}

function Embedded({ embedding, language, loaded, address }: Props) {
  const execution = useWebSocketExecution(noStore);
  const [program, setProgram] = useState(loaded.program);
  // Ahead of React: a key that runs may come right after one that writes.
  const latest = useRef<ProgramFiles>(program);
  const edit = (id: string, text: string) => {
    latest.current = withText(latest.current, id, text);
    setProgram(latest.current);
  };
  const { name, title, available, reason } = language;
  const files = () => latest.current;
  const { run, resized } = useLinkRun(execution, available, name, files, loaded.options);
  const main = program.files.find(({ id }) => id === program.main);
  return (
    <div className="embedded">
      <Frame
        language={language}
        program={program}
        settings={DEFAULTS}
        execution={execution}
        {...(embedding.isReadOnly ? {} : { onEdit: edit })}
        onResize={resized}
        bar={
          <>
            <h1 className="bar-title">{title}</h1>
            <span className="spacer" />
            <OpenInCodr href={address(main?.text ?? "")} look="plain" />
            <RunButton
              isRunning={execution.isRunning}
              stopping={execution.stopping}
              canRun={available}
              onRun={run}
              onStop={execution.stop}
            />
          </>
        }
        notice={!available && <p className="notice">{words.unavailable(title, reason)}</p>}
      />
    </div>
  );
}

/** `look`: of what there is to do first, or of one among others. */
function OpenInCodr(props: { readonly href: string; readonly look: "run" | "plain" }) {
  return (
    <a
      className={`button ${props.look}`}
      href={props.href}
      target="_blank"
      rel="noopener"
      aria-label={said.newTab(said.openHere)}
      data-testid="open-in-codr"
    >
      {said.openHere}
    </a>
  );
}
