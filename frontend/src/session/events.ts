// Everything that can happen to a run, as one union: what the server says and what the person does.

import type { InputAccepted, InputRequest, ServerMessage } from "../protocol";

export type PersonEvent =
  /** `isBatch`: all its input was given beforehand, so that it asks for none. */
  | { readonly type: "run"; readonly language: string; readonly isBatch: boolean }
  /** A run that is already there, to be shown from its beginning: after a reload of the page, of
   * an earlier one, or of somebody else's. */
  | {
      readonly type: "found";
      readonly language: string;
      readonly isBatch: boolean;
      readonly jobId: string;
      /** It is somebody else's, who has it followed by a link. */
      readonly isWatched?: boolean;
    }
  | { readonly type: "answered"; readonly text: string }
  /** Typed without ending the wait: an interrupt that the program may survive, half a line. */
  | { readonly type: "typed"; readonly text: string }
  | { readonly type: "stop" }
  | { readonly type: "dismiss" };

export type ConnectionEvent =
  /** For good. */
  | { readonly type: "closed"; readonly code: number; readonly wasOpen: boolean }
  /** The session goes on trying; `attempt` counts the tries from 1. */
  | { readonly type: "dropped"; readonly attempt: number }
  /** It has tried for long enough, and waits to be told. */
  | { readonly type: "given_up" }
  /** More was typed than a reload can show again. */
  | { readonly type: "typed_is_cut" };

/** A question. `until`: when the server waits no longer, in ms since the epoch, where that is known. */
export type Asked = InputRequest & { readonly until?: number | null };

export type SessionEvent =
  | Exclude<ServerMessage, InputAccepted | InputRequest>
  | Asked
  | PersonEvent
  | ConnectionEvent;
