import { describe, expect, test } from "vitest";
import { addressesIn, addressOf } from "./links";

describe("an address", () => {
  test("is shown as it will be asked for, with its host apart", () => {
    expect(addressOf("HTTPS://EXAMPLE.org:8443/a b?c=d#e")).toEqual({
      href: "https://example.org:8443/a%20b?c=d#e",
      before: "https://",
      host: "example.org:8443",
      after: "/a%20b?c=d#e",
    });
  });

  test("in letters that look like others shows what it is", () => {
    expect(addressOf("https://раypal.example/")?.host).toMatch(/^xn--/);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://example.org/",
    "https://bank.example@evil.example/",
    "http://user:word@example.org/",
    "//example.org",
    "https://",
    "no address",
  ])("is not %j", (text) => {
    expect(addressOf(text)).toBeNull();
  });
});

describe("the addresses in a text", () => {
  const hrefs = (text: string) => addressesIn(text).map(({ href }) => href);

  test("are found without what stands around them", () => {
    expect(hrefs("See (https://example.org/a), or <http://b.example>.")).toEqual([
      "http://b.example/",
      "https://example.org/a",
    ]);
  });

  test("are each there once, and not without end", () => {
    expect(hrefs("http://a.example http://a.example")).toHaveLength(1);
    const many = Array.from({ length: 50 }, (_, index) => `http://${index}.example.org`);
    expect(hrefs(many.join("\n"))).toHaveLength(20);
  });

  test("do not go on past a character that turns the text around", () => {
    expect(hrefs("http://a.example/\u202egpj.exe")).toEqual(["http://a.example/"]);
  });
});
