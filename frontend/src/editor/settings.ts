// How a person wants the editor, kept in their browser and the same in all of its tabs.

import { useCallback, useEffect, useState } from "react";
import { type Scheme, useScheme } from "../scheme";
import { ofBrowser, read, recordIn, store } from "../storage";

export const FONT_SIZES = [12, 13, 14, 15, 16, 18, 20, 24] as const;
export const WIDTHS = [2, 4, 8] as const;
export const KEYS = ["default", "vim", "emacs"] as const;
export const INDENTS = ["spaces", "tabs"] as const;
export const SCHEMES = ["system", "light", "dark"] as const satisfies readonly Scheme[];

export interface Settings {
  readonly scheme: Scheme;
  readonly fontSize: (typeof FONT_SIZES)[number];
  readonly indent: (typeof INDENTS)[number];
  readonly width: (typeof WIDTHS)[number];
  readonly keys: (typeof KEYS)[number];
}

export const DEFAULTS: Settings = {
  scheme: "system",
  fontSize: 14,
  indent: "spaces",
  width: 4,
  keys: "default",
};

const KEY = "codr:settings";

/** Whatever is stored, each part that is none of ours is as if it had not been chosen. */
export function settingsIn(json: string | null): Settings {
  const value = recordIn(json);
  return {
    scheme: one(SCHEMES, value.scheme) ?? DEFAULTS.scheme,
    fontSize: one(FONT_SIZES, value.fontSize) ?? DEFAULTS.fontSize,
    indent: one(INDENTS, value.indent) ?? DEFAULTS.indent,
    width: one(WIDTHS, value.width) ?? DEFAULTS.width,
    keys: one(KEYS, value.keys) ?? DEFAULTS.keys,
  };
}

function one<T>(choices: readonly T[], value: unknown): T | undefined {
  return choices.find((choice) => choice === value);
}

export type ChangeSettings = (change: Partial<Settings>) => void;

export function useSettings(): { readonly settings: Settings; readonly change: ChangeSettings } {
  const [settings, setSettings] = useState(() => settingsIn(read(ofBrowser, KEY)));
  useEffect(() => {
    const listen = (event: StorageEvent) => {
      if (event.key === KEY) setSettings(settingsIn(event.newValue));
    };
    window.addEventListener("storage", listen);
    return () => window.removeEventListener("storage", listen);
  }, []);
  useScheme(settings.scheme);
  const change = useCallback<ChangeSettings>((changed) => {
    setSettings((before) => {
      const next = { ...before, ...changed };
      // Where they are not kept, they last as long as the page.
      store(ofBrowser, KEY, JSON.stringify(next));
      return next;
    });
  }, []);
  return { settings, change };
}
