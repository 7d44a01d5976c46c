// Files into the page and out of it.

import { saveFile } from "../saveFile";
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
  saveFile(new Blob([file.text], { type: "text/plain" }), file.name.split("/").at(-1) ?? file.name);
}

export async function downloadAll(name: string, files: readonly ProgramFile[]): Promise<void> {
  saveFile(new Blob([await zipOf(files)], { type: "application/zip" }), name);
}

export async function zipOf(files: readonly ProgramFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const { strToU8, zipSync } = await import("fflate");
  return zipSync(Object.fromEntries(files.map(({ name, text }) => [name, strToU8(text)])));
}
