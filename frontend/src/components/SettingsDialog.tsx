// How the editor is to look and to behave. Every choice holds at once and is kept.

import { type ReactNode, useId } from "react";
import {
  type ChangeSettings,
  FONT_SIZES,
  INDENTS,
  KEYS,
  SCHEMES,
  type Settings,
  WIDTHS,
} from "../editor/settings";
import { words } from "../words";
import { Dialog } from "./Dialog";

interface Props {
  readonly settings: Settings;
  readonly onChange: ChangeSettings;
  readonly onClose: () => void;
}

export function SettingsDialog({ settings, onChange, onClose }: Props) {
  const names = words.settingNames;
  return (
    <Dialog title={words.settings} onClose={onClose}>
      <div className="settings">
        <Choice
          name={words.theme}
          value={settings.scheme}
          choices={SCHEMES}
          nameOf={(scheme) => names[scheme]}
          onChange={(scheme) => onChange({ scheme })}
        />
        <Choice
          name={words.fontSize}
          value={settings.fontSize}
          choices={FONT_SIZES}
          nameOf={(size) => `${size} px`}
          onChange={(fontSize) => onChange({ fontSize })}
        />
        <Choice
          name={words.indentWith}
          value={settings.indent}
          choices={INDENTS}
          nameOf={(indent) => names[indent]}
          onChange={(indent) => onChange({ indent })}
        />
        <Choice
          name={words.indentWidth}
          value={settings.width}
          choices={WIDTHS}
          nameOf={(width) => words.columns(width)}
          onChange={(width) => onChange({ width })}
        />
        <Choice
          name={words.keyBindings}
          value={settings.keys}
          choices={KEYS}
          nameOf={(keys) => names[keys]}
          onChange={(keys) => onChange({ keys })}
        />
      </div>
      <p className="dialog-note">{words.settingsKept}</p>
    </Dialog>
  );
}

interface ChoiceProps<T> {
  readonly name: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly nameOf: (choice: T) => string;
  readonly onChange: (choice: T) => void;
}

function Choice<T extends string | number>(props: ChoiceProps<T>): ReactNode {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{props.name}</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => {
          const chosen = props.choices.find((choice) => String(choice) === event.target.value);
          if (chosen !== undefined) props.onChange(chosen);
        }}
      >
        {props.choices.map((choice) => (
          <option key={choice} value={choice}>
            {props.nameOf(choice)}
          </option>
        ))}
      </select>
    </>
  );
}
