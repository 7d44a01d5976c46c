// The one place that opens a WebSocket: typed messages in and out, nothing about runs.

import { type ClientMessage, SERVER_TYPES, type ServerMessage } from "../protocol";

export interface SocketHandlers {
  opened(): void;
  received(message: ServerMessage): void;
  closed(code: number, wasOpen: boolean): void;
}

export interface Socket {
  /** Whether it went: a socket that is closing takes nothing more, and says so only later. */
  send(message: ClientMessage): boolean;
  close(): void;
}

export type OpenSocket = (handlers: SocketHandlers) => Socket;

export const openSocket: OpenSocket = (handlers) => {
  const socket = new WebSocket(new URL("/ws/execute", location.href.replace(/^http/, "ws")));
  let wasOpen = false;
  socket.onopen = () => {
    wasOpen = true;
    handlers.opened();
  };
  socket.onmessage = (event: MessageEvent<unknown>) => {
    const message = parseFrame(event.data);
    if (message !== null) handlers.received(message);
  };
  socket.onclose = (event) => handlers.closed(event.code, wasOpen);
  return {
    send: (message) => {
      const isOpen = socket.readyState === WebSocket.OPEN;
      if (isOpen) socket.send(JSON.stringify(message));
      return isOpen;
    },
    close: () => socket.close(),
  };
};

/** A frame of a type that this page does not know is from a newer server, and is left alone. */
export function parseFrame(data: unknown): ServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    return isServerMessage(value) ? value : null;
  } catch {
    return null;
  }
}

// The fields beside `type` are taken on trust: the server's own models wrote them.
function isServerMessage(value: unknown): value is ServerMessage {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return SERVER_TYPES.some((known) => known === value.type);
}
