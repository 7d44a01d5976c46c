import { expect, it } from "vitest";
import { DEFAULTS, settingsIn } from "./settings";

it("reads what was stored, part by part", () => {
  expect(settingsIn(null)).toEqual(DEFAULTS);
  expect(settingsIn("{oops")).toEqual(DEFAULTS);
  expect(settingsIn('{"fontSize":18,"keys":"vim","width":3,"scheme":"pink","more":1}')).toEqual({
    ...DEFAULTS,
    fontSize: 18,
    keys: "vim",
  });
});
