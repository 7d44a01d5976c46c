import { afterEach, expect, it, vi } from "vitest";
import { ask } from "./api";

function answering(answer: () => Promise<Response>): void {
  vi.stubGlobal("fetch", answer);
}

afterEach(() => vi.unstubAllGlobals());

const refusal = (code: string, message: string) => async () =>
  Response.json({ code, message }, { status: 403 });

it("gives what the server answers", async () => {
  answering(async () => Response.json({ name: "ada" }));
  expect(await ask("/api/me")).toEqual({ ok: true, value: { name: "ada" } });
});

it("says what the server refuses in its own words, but for what those say to programs", async () => {
  answering(refusal("name_taken", "There is one of that name."));
  expect(await ask("/x")).toMatchObject({ message: "There is one of that name." });
  answering(refusal("csrf", "Send the cookie again as the header, or use an API key."));
  expect(await ask("/x")).toMatchObject({
    code: "csrf",
    message: expect.stringContaining("Reload the page"),
  });
  answering(refusal("not_signed_in", "Sign in, or send an API key."));
  expect(await ask("/x")).toMatchObject({
    message: expect.stringContaining("Sign in, then try again"),
  });
});

it("tells a server that cannot be reached from one that cannot answer", async () => {
  answering(async () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await ask("/x")).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("cannot be reached"),
  });
  answering(async () => new Response("<h1>Bad gateway</h1>", { status: 502 }));
  expect(await ask("/x")).toMatchObject({
    code: "unanswered",
    message: expect.stringContaining("(502)"),
  });
});
