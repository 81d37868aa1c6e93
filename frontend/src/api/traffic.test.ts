import { describe, expect, it } from "vitest";
import { readTrace } from "./traffic";

describe("the decisions in a reply's header", () => {
  it("are read, also where names were escaped for the header", () => {
    expect(
      readTrace('[{"at_ms":0.2,"step":"picked","target":"k\\xfcche \\u2603 \\U0001f525"}]'),
    ).toEqual([{ at_ms: 0.2, step: "picked", target: "küche ☃ 🔥" }]);
  });

  it("are none where there is no header, or half of one", () => {
    expect(readTrace("")).toEqual([]);
    expect(readTrace('[{"step":"pick')).toEqual([]);
  });
});
