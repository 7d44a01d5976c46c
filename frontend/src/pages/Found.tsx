// What a link leads to, or why there is nothing to be shown and where to go from here.

import type { ReactNode } from "react";
import { useFound } from "../session/useFound";
import { sharedWords as said, words } from "../words";

interface Props<T> {
  readonly path: string;
  /** In place of what is said to who has to sign in first. */
  readonly refused?: ReactNode;
  /** The same where the link leads nowhere. */
  readonly gone?: ReactNode;
  readonly children: (found: T) => ReactNode;
}

/** What a link has led to that leads nowhere. */
const GONE: Readonly<Record<string, string>> = {
  no_such_program: said.noSuchProgram,
  no_such_job: said.noSuchRun,
};

export function Found<T>({ path, refused, gone, children }: Props<T>) {
  const found = useFound<T>(path);
  if (found === null) return <Loading />;
  if (found.ok) return children(found.value);
  if (found.code === "not_signed_in") {
    return refused ?? <Nothing title={said.signIn} text={found.message} />;
  }
  const title = GONE[found.code];
  if (title === undefined) return <Nothing title={found.message} text="" />;
  return gone ?? <Nothing title={title} text={said.linkHint} />;
}

interface NothingProps {
  readonly title: string;
  readonly text: string;
  /** What is to be done first. */
  readonly children?: ReactNode;
}

export function Nothing({ title, text, children }: NothingProps) {
  return (
    <main className="nothing" data-testid="nothing">
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
      <a className={children ? "button quiet" : "button run"} href="/">
        {said.openCodr}
      </a>
    </main>
  );
}

export function Loading() {
  return (
    <main className="nothing">
      <p role="status">{words.loadingPanel}</p>
    </main>
  );
}
