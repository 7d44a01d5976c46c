import { strFromU8, unzipSync } from "fflate";
import { expect, it } from "vitest";
import { readFiles, zipOf } from "./transfer";

it("reads text, and names what is none", async () => {
  const files = [
    new File(["größe\r\n"], "a.txt"),
    new File([new Uint8Array([0x89, 0x50, 0xff])], "picture.png"),
    new File(["a\0b"], "data.bin"),
    new File(["x".repeat(1024 * 1024 + 1)], "large.txt"),
  ];
  expect(await readFiles(files)).toEqual({
    files: [{ name: "a.txt", text: "größe\n" }],
    refused: ["picture.png", "data.bin", "large.txt"],
  });
});

it("packs every file with its folder", async () => {
  const zip = await zipOf([
    { id: "1", name: "main.py", text: "import lib.x" },
    { id: "2", name: "lib/größe.py", text: "é" },
  ]);
  const unpacked = Object.entries(unzipSync(zip)).map(([name, bytes]) => [name, strFromU8(bytes)]);
  expect(unpacked).toEqual([
    ["main.py", "import lib.x"],
    ["lib/größe.py", "é"],
  ]);
});
