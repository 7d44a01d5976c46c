import { expect, test } from "vitest";
import { NO_OPTIONS } from "../session/beforehand";
import { parseOptions } from "./runOptionsStore";

test("options come back as they were kept", () => {
  const options = {
    inputFrom: "file",
    text: "set aside",
    file: { name: "a.bin", bytes: 1, base64: "/w==" },
    args: "one 'two",
    limits: { cpu_time: "1", memory: "many" },
  };
  expect(parseOptions(JSON.stringify(options))).toEqual(options);
});

test.each([
  [null],
  ["null"],
  ["[1]"],
  ["{broken"],
  ['"text"'],
  [
    '{"inputFrom": "nowhere", "text": 1, "file": {"name": "x"}, "args": [], "limits": {"cpu_time": 1}}',
  ],
  ['{"limits": null, "file": null}'],
])("what is not ours is no option: %s", (json) => {
  expect(parseOptions(json)).toEqual(NO_OPTIONS);
});
