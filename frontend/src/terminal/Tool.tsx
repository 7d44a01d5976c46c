// A small button with a picture: its name is for those who do not see it, its hint for those who point.

import type { ReactNode } from "react";

interface Props {
  readonly name: string;
  /** Its name, where there is no more to be said. */
  readonly hint?: string;
  readonly isDisabled?: boolean;
  /** Of one that stays pressed. */
  readonly isPressed?: boolean;
  readonly className?: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

export function Tool(props: Props) {
  return (
    <button
      type="button"
      className={`button plain tool ${props.className ?? ""}`.trimEnd()}
      title={props.hint ?? props.name}
      aria-label={props.name}
      aria-pressed={props.isPressed}
      disabled={props.isDisabled ?? false}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
