import { describe, expect, it } from "vitest";
import { addressInCodr, embeddingIn } from "./embedding";

describe("the address of /embed", () => {
  it("may say nothing", () => {
    expect(embeddingIn("", "")).toEqual({
      language: "",
      theme: "system",
      program: null,
      code: null,
      isReadOnly: false,
    });
  });

  it("chooses language, theme and code", () => {
    const found = embeddingIn("?language=c&theme=dark&readonly=1", "#code=int%20x%20%3D%201%2B1;");
    expect(found).toMatchObject({
      language: "c",
      theme: "dark",
      code: "int x = 1+1;",
      isReadOnly: true,
    });
  });

  it("takes a theme that there is none of as the system's", () => {
    expect(embeddingIn("?theme=pink", "").theme).toBe("system");
  });

  it("keeps every character of the code, also where it was not encoded", () => {
    const code = "print('a+b & c=d #é%')\n\tx";
    expect(embeddingIn("", `#code=${encodeURIComponent(code)}`).code).toBe(code);
    expect(embeddingIn("", "#code=100%").code).toBe("100%");
  });

  it("leads to Codr with the same code", () => {
    const [path, hash] = addressInCodr("c", "a#b").split("#");
    expect(path).toBe("/?language=c");
    expect(embeddingIn("", `#${hash}`).code).toBe("a#b");
  });
});
