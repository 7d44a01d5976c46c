// What the editor offers while one types: snippets and words of the language, and the words of all
// files of the program. One source for all, so that nothing is offered twice.

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import { type Extension, Facet } from "@codemirror/state";
import { otherTexts } from "./otherTexts";

type Source = (context: CompletionContext) => CompletionResult | null;

/** The language's; in files of no language their words alone. */
const source = Facet.define<Source, Source>({
  combine: (values) => values[0] ?? ((context) => complete(context, [], new Set())),
});

export interface Snippet {
  readonly label: string;
  readonly detail: string;
  /** `#{name}` are its fields, in the order of Tab. */
  readonly text: string;
}

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
const SHORTEST = 3;
const MOST_WORDS = 2000;

export function completion(keywords: string, snippets: readonly Snippet[]): Extension {
  return source.of(completionSource(keywords, snippets));
}

/** `keywords` are words with a space between. */
export function completionSource(keywords: string, snippets: readonly Snippet[]): Source {
  const ofLanguage: Completion[] = [
    ...snippets.map(({ label, detail, text }) =>
      snippetCompletion(text, { label, detail, type: "snippet", boost: 2 }),
    ),
    ...keywords.split(/\s+/).map((label) => ({ label, type: "keyword", boost: 1 })),
  ];
  const known = new Set(keywords.split(/\s+/));
  return (context) => complete(context, ofLanguage, known);
}

/** In every document from its beginning: it looks for itself in one that has just been opened. */
export const completing: Extension = autocompletion({
  icons: false,
  override: [(context) => context.state.facet(source)(context)],
});

function complete(
  context: CompletionContext,
  ofLanguage: readonly Completion[],
  known: ReadonlySet<string>,
): CompletionResult | null {
  const word = context.matchBefore(/[\p{L}_$][\p{L}\p{N}_$]*/u);
  if (word === null ? !context.explicit : word.text.length < 2 && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const inProse = /String|Comment|Literal/.test(
    syntaxTree(context.state).resolveInner(from, -1).name,
  );
  if (inProse && !context.explicit) return null;
  const own = context.state.doc.toString();
  // The word that is being written is none yet.
  const rest = `${own.slice(0, from)} ${own.slice(context.pos)}`;
  const words = wordsOf([rest, ...context.state.facet(otherTexts)()])
    .filter((each) => !known.has(each))
    .map((label) => ({ label, type: "text" }));
  const isMember = context.state.sliceDoc(from - 1, from) === ".";
  return {
    from,
    options: isMember ? words : [...ofLanguage, ...words],
    validFor: /^[\p{L}\p{N}_$]*$/u,
  };
}

export function wordsOf(texts: readonly string[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) {
      if (word.length >= SHORTEST) found.add(word);
      if (found.size >= MOST_WORDS) return [...found];
    }
  }
  return [...found];
}
