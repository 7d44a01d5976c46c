// A person's programs, kept in their browser: one for each language, written as they type. A tab
// keeps its own as well, so that two tabs with different programs do not lose each other's in a
// reload; a new tab begins with what was written last.

const LANGUAGE = "codr:language";
const source = (language: string) => `codr:source:${language}`;
const aside = (language: string) => `codr:aside:${language}`;

/** A browser may refuse to keep anything (private windows, full); the page works all the same. */
function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    for (const storage of [sessionStorage, localStorage]) {
      if (value === null) storage.removeItem(key);
      else storage.setItem(key, value);
    }
  } catch {
    // Nothing to be done about it here.
  }
}

export const sources = {
  language: () => read(LANGUAGE),
  chooseLanguage: (language: string) => write(LANGUAGE, language),
  load: (language: string) => read(source(language)),
  save: (language: string, text: string) => write(source(language), text),
  /** What was in the editor before the example was loaded over it. */
  loadAside: (language: string) => read(aside(language)),
  setAside: (language: string, text: string | null) => write(aside(language), text),
};
