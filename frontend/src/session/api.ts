// The server's HTTP: what it answers, or why not in a sentence to be shown.

import type { Refusal } from "../answers";
import { refusalWords, words } from "../words";

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
  let response: Response;
  try {
    response = await send();
  } catch {
    return { ok: false, code: "unreachable", message: words.unreachable };
  }
  try {
    const body: unknown = await response.json();
    if (response.ok) return { ok: true, value: body as T };
    const { code, message } = body as Refusal;
    return { ok: false, code, message: refusalWords(code) ?? message };
  } catch {
    // Not our JSON: something in front of the server answered, or the server failed.
    return { ok: false, code: "unanswered", message: words.unanswered(response.status) };
  }
}

const cookie = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1];

/** Given by the server the first time that one asks who one is. */
async function token(): Promise<string> {
  if (cookie() === undefined) await fetch("/api/me");
  return cookie() ?? "";
}
