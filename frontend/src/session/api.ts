// The server's HTTP: what it answers, or why not in a sentence to be shown.

import type { Refusal } from "../answers";
import { words } from "../words";

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

export type Method = "POST" | "PUT" | "PATCH" | "DELETE";

/** The server's own models wrote what is taken for a `T` here. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  return answered<T>(() => fetch(path, signal === undefined ? {} : { signal }));
}

export async function change<T>(method: Method, path: string, body?: object): Promise<Answer<T>> {
  return answered<T>(async () => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": await token() };
    return fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  });
}

async function answered<T>(send: () => Promise<Response>): Promise<Answer<T>> {
  try {
    const response = await send();
    if (response.ok) return { ok: true, value: (await response.json()) as T };
    const { code, message } = (await response.json()) as Refusal;
    return { ok: false, code, message };
  } catch {
    return { ok: false, code: "unreachable", message: words.unreachable };
  }
}

const cookie = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1];

/** Given by the server the first time that one asks who one is. */
async function token(): Promise<string> {
  if (cookie() === undefined) await fetch("/api/me");
  return cookie() ?? "";
}
