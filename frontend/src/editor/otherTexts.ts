// The texts of the program's other files, for what looks for words in them.

import { Facet } from "@codemirror/state";

export const otherTexts = Facet.define<() => readonly string[], () => readonly string[]>({
  combine: (values) => values[0] ?? (() => []),
});
