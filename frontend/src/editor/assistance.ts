// What helps while one writes and is not needed to write: words that are offered, brackets that close,
// and the search. It comes with the first grammar, when the page can be used already.

import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import {
  highlightSelectionMatches,
  openSearchPanel,
  search,
  searchKeymap,
} from "@codemirror/search";
import { type Extension, Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { completing } from "./completion";

/** To stand before the editor's own keys, of which one deletes without looking at brackets. */
export const assistance: Extension = [
  closeBrackets(),
  completing,
  search({ top: true }),
  highlightSelectionMatches(),
  keymap.of([...closeBracketsKeymap, ...completionKeymap]),
  // After them: Escape takes cursors away before it closes the search.
  Prec.low(keymap.of(searchKeymap)),
];

export { openSearchPanel };
