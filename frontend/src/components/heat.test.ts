import { describe, expect, it } from "vitest";
import { coalsOf, heatOf } from "./heat";

describe("coals", () => {
  it("are six", () => expect(coalsOf(0.5)).toHaveLength(6));
  it("are all cold without load", () => expect(coalsOf(0).map(heatOf)).toEqual([0, 0, 0, 0, 0, 0]));
  it("all glow when full", () => expect(coalsOf(1).map(heatOf)).toEqual([4, 4, 4, 4, 4, 4]));
  it("are not known rather than cold when nothing was measured", () =>
    expect(coalsOf(undefined)).toEqual([null, null, null, null, null, null]));
  it("grow with the load", () => {
    const sum = (share: number) => coalsOf(share).reduce<number>((s, one) => s + heatOf(one), 0);
    const sums = [0.1, 0.3, 0.5, 0.7, 0.9].map(sum);
    expect(sums).toEqual([...sums].sort((one, other) => one - other));
  });
});
