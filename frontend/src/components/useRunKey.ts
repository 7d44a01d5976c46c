// Ctrl+Enter, heard before the editor and the terminal, which would both do something else with it.

import { useEffect, useEffectEvent } from "react";

export function useRunKey(run: () => void): void {
  const pressed = useEffectEvent(run);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      pressed();
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  }, []);
}
