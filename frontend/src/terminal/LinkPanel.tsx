// Where the addresses lead that a program wrote, to be seen before one of them is opened.

import { useEffect, useRef } from "react";
import { words } from "../words";
import { Icon } from "./Icon";
import type { Address } from "./links";
import { Tool } from "./Tool";

interface Props {
  readonly addresses: readonly Address[];
  readonly onClose: () => void;
}

export function LinkPanel({ addresses, onClose }: Props) {
  const first = useRef<HTMLAnchorElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <section
      className="link-panel"
      aria-label={words.links}
      data-testid="links"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <p>{addresses.length === 1 ? words.linksLead : words.linksLeads}</p>
      <Tool name={words.close} onClick={onClose}>
        <Icon name="close" />
      </Tool>
      <ul>
        {addresses.map((address, index) => (
          <li key={address.href}>
            <a
              ref={index === 0 ? first : null}
              href={address.href}
              target="_blank"
              rel="noopener noreferrer"
              aria-label={words.linkOpens(address.href)}
            >
              {address.before}
              <strong>{address.host}</strong>
              {address.after}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
