import { expect, it } from "vitest";
import { forget, parsed, read, recordIn, store, type Where } from "./storage";

const refused: Where<Storage> = () => {
  throw new DOMException("denied", "SecurityError");
};

it("works where the browser keeps nothing", () => {
  expect(read(refused, "a")).toBeNull();
  expect(store(refused, "a", "1")).toBe(false);
  expect(() => forget(refused, "a")).not.toThrow();
});

it("takes what is not ours for nothing", () => {
  expect(parsed("{")).toBeNull();
  expect(parsed(null)).toBeNull();
  expect(recordIn("7")).toEqual({});
  expect(recordIn('{"a":1}')).toEqual({ a: 1 });
});
