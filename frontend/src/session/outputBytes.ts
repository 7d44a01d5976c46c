// What a program wrote to its standard output, byte by byte, so that it can be saved as it came. The
// terminal's own text is no source for that: it has lines, and no bytes. Bounded: a page is no disk.

import { bytesOf } from "./base64";
import type { SessionEvent } from "./events";

export interface OutputFacts {
  readonly bytes: number;
  /** Whether all of it could be had as text. */
  readonly isText: boolean;
  /** False where the page had to let some go, or the server had. */
  readonly isWhole: boolean;
}

// A quarter of what the server lets a program write by default.
export const MOST_KEPT = 32 * 1024 * 1024;

export const NOTHING: OutputFacts = { bytes: 0, isText: true, isWhole: true };

export class OutputBytes {
  private pieces: Uint8Array<ArrayBuffer>[] = [];
  private known: OutputFacts = NOTHING;
  private readonly encoder = new TextEncoder();

  constructor(private readonly most = MOST_KEPT) {}

  /** The same object until something changes. */
  get facts(): OutputFacts {
    return this.known;
  }

  hear(event: SessionEvent): void {
    switch (event.type) {
      case "run":
      case "found":
      case "restarted":
        this.pieces = [];
        this.known = NOTHING;
        break;
      case "gap":
        this.known = { ...this.known, isWhole: false };
        break;
      case "output":
        if (event.stream !== "stdout" || event.stage !== "run") break;
        if (event.encoding === "base64") this.add(bytesOf(event.data), false);
        else this.add(this.encoder.encode(event.data), true);
    }
  }

  blob(): Blob {
    return new Blob(this.pieces, { type: "application/octet-stream" });
  }

  private add(piece: Uint8Array<ArrayBuffer>, isText: boolean): void {
    const room = this.most - this.known.bytes;
    const taken = piece.subarray(0, room);
    if (taken.length > 0) this.pieces.push(taken);
    this.known = {
      bytes: this.known.bytes + taken.length,
      isText: this.known.isText && isText,
      isWhole: this.known.isWhole && taken.length === piece.length,
    };
  }
}
