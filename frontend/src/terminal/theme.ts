// The terminal's colours, by the person's scheme and wish for contrast.

import type { ISearchDecorationOptions } from "@xterm/addon-search";
import type { ITheme } from "@xterm/xterm";
import { isDark } from "../scheme";

// Both palettes keep at least 4.5 : 1 against their background.
const LIGHT: ITheme = {
  background: "#ffffff",
  foreground: "#23272b",
  cursor: "#2f6f5e",
  cursorAccent: "#ffffff",
  selectionBackground: "#cfe3dc",
  black: "#23272b",
  red: "#b3261e",
  green: "#276738",
  yellow: "#7d5700",
  blue: "#1f5fae",
  magenta: "#8a3a8f",
  cyan: "#0f6b75",
  white: "#5d666e",
  brightBlack: "#667079",
  brightRed: "#c0352b",
  brightGreen: "#2b7a40",
  brightYellow: "#8a6200",
  brightBlue: "#2a6cc0",
  brightMagenta: "#9a459f",
  brightCyan: "#147782",
  brightWhite: "#3b4248",
};

const DARK: ITheme = {
  background: "#16191c",
  foreground: "#e3e6e8",
  cursor: "#7cc7b0",
  cursorAccent: "#16191c",
  selectionBackground: "#2c4a42",
  black: "#3a4147",
  red: "#ff8a80",
  green: "#8fd19e",
  yellow: "#e6c36a",
  blue: "#8ab8f5",
  magenta: "#d9a1e0",
  cyan: "#7fd0d8",
  white: "#cfd4d8",
  brightBlack: "#98a2aa",
  brightRed: "#ffa79f",
  brightGreen: "#a9e0b5",
  brightYellow: "#f0d488",
  brightBlue: "#a9ccfa",
  brightMagenta: "#e6bcec",
  brightCyan: "#9fe0e6",
  brightWhite: "#f5f7f8",
};

/** Somebody who wants more contrast than a page usually has. */
export const highContrast = (): MediaQueryList =>
  matchMedia("(prefers-contrast: more), (forced-colors: active)");

const USUAL_RATIO = 4.5;
const HIGH_RATIO = 7;

/** How it looks to this person, now. */
export function looks(): { readonly theme: ITheme; readonly minimumContrastRatio: number } {
  const palette = isDark() ? DARK : LIGHT;
  if (!highContrast().matches) return { theme: palette, minimumContrastRatio: USUAL_RATIO };
  const [background, foreground] =
    palette === DARK ? ["#000000", "#ffffff"] : ["#ffffff", "#000000"];
  return {
    theme: { ...palette, background, foreground, cursor: foreground },
    minimumContrastRatio: HIGH_RATIO,
  };
}

/** What was looked for: each place, and the one that is chosen. */
export function matchColours(): ISearchDecorationOptions {
  const dark = isDark();
  return {
    matchBackground: dark ? "#4a3f1a" : "#fbeeb8",
    matchOverviewRuler: dark ? "#e6c36a" : "#a67c00",
    activeMatchBackground: dark ? "#8a6d10" : "#f5c542",
    activeMatchBorder: dark ? "#f5d77a" : "#7d5700",
    activeMatchColorOverviewRuler: dark ? "#ffffff" : "#23272b",
  };
}
