// Files into the page and out of it.

import type { ProgramFile } from "./programFiles";
import { MOST_BYTES } from "./programFiles";

export interface ReadFile {
  readonly name: string;
  readonly text: string;
}

export interface Reading {
  readonly files: readonly ReadFile[];
  /** The names of those that are no text, or too large to be read. */
  readonly refused: readonly string[];
}

export async function readFiles(files: readonly File[]): Promise<Reading> {
  const texts = await Promise.all(files.map(textOf));
  const read: ReadFile[] = [];
  const refused: string[] = [];
  files.forEach(({ name }, index) => {
    const text = texts[index] ?? null;
    if (text === null) refused.push(name);
    else read.push({ name, text });
  });
  return { files: read, refused };
}

async function textOf(file: File): Promise<string | null> {
  if (file.size > MOST_BYTES) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text.replaceAll("\r\n", "\n");
  } catch {
    // Not UTF-8, or a folder.
    return null;
  }
}

export function download(file: ProgramFile): void {
  save(file.name.split("/").at(-1) ?? file.name, new Blob([file.text], { type: "text/plain" }));
}

export async function downloadAll(name: string, files: readonly ProgramFile[]): Promise<void> {
  save(name, new Blob([await zipOf(files)], { type: "application/zip" }));
}

export async function zipOf(files: readonly ProgramFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const { strToU8, zipSync } = await import("fflate");
  return zipSync(Object.fromEntries(files.map(({ name, text }) => [name, strToU8(text)])));
}

// The browser reads it after the click has been dealt with.
const KEPT_MS = 60_000;

function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
