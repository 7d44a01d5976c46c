// The bar at the top: which language, the example, Run and Stop.

import type { Program } from "../editor/useProgram";
import type { Language } from "../session/useLanguages";
import { words } from "../words";
import { AccountLink } from "./AccountLink";
import { Mark } from "./Mark";
import { RunButton } from "./RunButton";

interface Props {
  readonly languages: readonly Language[];
  readonly program: Program;
  readonly isRunning: boolean;
  readonly stopping: boolean;
  readonly canRun: boolean;
  readonly onRun: () => void;
  readonly onStop: () => void;
  readonly onMine: () => void;
}

export function Toolbar(props: Props) {
  const { languages, program } = props;
  return (
    <header className="toolbar">
      <h1>
        <Mark />
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
      <button
        type="button"
        className="button plain mine"
        data-testid="mine"
        aria-label={words.mine}
        title={words.mineHint}
        aria-haspopup="dialog"
        onClick={props.onMine}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1.8 3.4c0-.6.4-1 1-1h3.3l1.4 1.7h5.7c.6 0 1 .4 1 1v7.5c0 .6-.4 1-1 1H2.8c-.6 0-1-.4-1-1z" />
        </svg>
        <span className="wide">{words.mine}</span>
      </button>
      <AccountLink />
      <RunButton
        isRunning={props.isRunning}
        stopping={props.stopping}
        canRun={props.canRun}
        onRun={props.onRun}
        onStop={props.onStop}
      />
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
