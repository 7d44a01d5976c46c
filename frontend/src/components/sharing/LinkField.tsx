// An address to be given to others: to be read, chosen and copied.

import { useId, useState } from "react";
import { copyText } from "../../terminal/clipboard";
import { libraryWords as said } from "../../words";
import "./sharing.css";

interface Props {
  readonly name: string;
  readonly value: string;
  readonly testId: string;
}

export function LinkField({ name, value, testId }: Props) {
  const id = useId();
  const [copied, setCopied] = useState("");
  const copy = async () => setCopied((await copyText(value)) ? said.copied : said.notCopied);
  return (
    <div className="link-field">
      <label htmlFor={id}>{name}</label>
      <div className="link-row">
        <input
          id={id}
          type="text"
          readOnly
          data-testid={testId}
          value={value}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          className="button quiet"
          aria-label={said.named(said.copyIt, name)}
          onClick={() => void copy()}
        >
          {said.copyIt}
        </button>
      </div>
      <p className="field-hint" role="status">
        {copied}
      </p>
    </div>
  );
}
