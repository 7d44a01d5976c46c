// The bar at the top: which language, the example, Run and Stop.

import type { Program } from "../editor/useProgram";
import type { Language } from "../session/useLanguages";
import { words } from "../words";
import { AccountLink } from "./AccountLink";

interface Props {
  readonly languages: readonly Language[];
  readonly program: Program;
  readonly isRunning: boolean;
  readonly stopping: boolean;
  readonly canRun: boolean;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

export function Toolbar(props: Props) {
  const { languages, program } = props;
  return (
    <header className="toolbar">
      <h1>
        <Mark />
        <span className="wordmark">{words.appName}</span>
      </h1>
      <label className="language">
        <span className="visually-hidden">{words.language}</span>
        <select
          data-testid="language"
          value={program.language?.name ?? ""}
          disabled={languages.length === 0}
          onChange={(event) => program.choose(event.target.value)}
        >
          {languages.length === 0 && <option value="">{words.languagesLoading}</option>}
          {languages.map((language) => (
            <option key={language.name} value={language.name}>
              {language.title}
            </option>
          ))}
        </select>
      </label>
      <ExampleButton program={program} />
      <span className="spacer" />
      <AccountLink />
      {props.isRunning ? (
        <button
          type="button"
          className="button stop"
          data-testid="stop"
          title={props.stopping ? words.stopAgainHint : words.stopHint}
          onClick={props.onStop}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />
          </svg>
          {words.stop}
        </button>
      ) : (
        <button
          type="button"
          className="button run"
          data-testid="run"
          title={words.runHint}
          disabled={!props.canRun}
          onClick={props.onRun}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.3-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z" />
          </svg>
          {words.run}
        </button>
      )}
    </header>
  );
}

function ExampleButton({ program }: { readonly program: Program }) {
  const back = program.hasOwn;
  const name = back ? words.backToMyCode : words.loadExample;
  return (
    <button
      type="button"
      className="button plain"
      aria-label={name}
      disabled={program.isExample && !back}
      onClick={back ? program.backToOwn : program.loadExample}
    >
      <span className="wide">{name}</span>
      <span className="narrow">{back ? words.backToMyCodeShort : words.loadExampleShort}</span>
    </button>
  );
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 10l6 6-6 6M17 22h7" />
    </svg>
  );
}
