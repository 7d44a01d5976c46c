// Light or dark, as the person chose or as their system is. The style sheet's colours follow
// `color-scheme`; what is drawn otherwise, as the terminal, asks here.

import { useLayoutEffect } from "react";

export type Scheme = "system" | "light" | "dark";

const system = () => matchMedia("(prefers-color-scheme: dark)");
const changes = new EventTarget();

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.scheme;
  return chosen === undefined ? system().matches : chosen === "dark";
}

export function useScheme(scheme: Scheme): void {
  useLayoutEffect(() => {
    const { dataset } = document.documentElement;
    if (scheme === "system") delete dataset.scheme;
    else dataset.scheme = scheme;
    changes.dispatchEvent(new Event("change"));
  }, [scheme]);
}

/** Returns what ends it. */
export function onSchemeChange(changed: () => void): () => void {
  const query = system();
  query.addEventListener("change", changed);
  changes.addEventListener("change", changed);
  return () => {
    query.removeEventListener("change", changed);
    changes.removeEventListener("change", changed);
  };
}
