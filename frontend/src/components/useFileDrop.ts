// Files that are dragged onto the page. Dropped beside the editor they would otherwise make the browser
// leave the page for them. A part of the page that takes files itself says so by `data-takes-files`.

import { useEffect, useEffectEvent, useState } from "react";

/** True while files are held over the page. */
export function useFileDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const dropped = useEffectEvent(onFiles);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent) => {
      setIsOver(false);
      if (!isOurs(event)) return;
      event.preventDefault();
      event.stopPropagation();
      dropped([...(event.dataTransfer?.files ?? [])]);
    };
    // Heard before the editor, which would put the text where it was dropped.
    const early = { capture: true };
    window.addEventListener("dragover", over, early);
    window.addEventListener("dragleave", leave, early);
    window.addEventListener("drop", drop, early);
    return () => {
      window.removeEventListener("dragover", over, early);
      window.removeEventListener("dragleave", leave, early);
      window.removeEventListener("drop", drop, early);
    };
  }, []);
  return isOver;
}

function isOurs(event: DragEvent): boolean {
  const hasFiles = event.dataTransfer?.types.includes("Files") ?? false;
  const isElsewhere =
    event.target instanceof Element && event.target.closest("[data-takes-files]") !== null;
  return hasFiles && !isElsewhere;
}
