// Everything that can happen to a run, as one union: what the server says and what the person does.

import type { ServerMessage } from "../protocol";

export type PersonEvent =
  | { readonly type: "run"; readonly language: string }
  | { readonly type: "answered"; readonly text: string }
  /** Typed without ending the wait: an interrupt that the program may survive, half a line. */
  | { readonly type: "typed"; readonly text: string }
  | { readonly type: "stop" }
  | { readonly type: "dismiss" };

export type ConnectionEvent = {
  readonly type: "closed";
  readonly code: number;
  readonly wasOpen: boolean;
};

export type SessionEvent = ServerMessage | PersonEvent | ConnectionEvent;
