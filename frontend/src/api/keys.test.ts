import { describe, expect, it } from "vitest";
import { isTouched, listKey, oneKey } from "./keys";

const event = (subject: string, subjectId: string) => ({ subject, subjectId });

describe("what an event makes stale", () => {
  it("is every list of its subject", () =>
    expect(isTouched(listKey("node", { state: "ready" }), event("node", "7"))).toBe(true));
  it("is the row and what hangs on it", () =>
    expect(isTouched(oneKey("node", 7, "why"), event("node", "7"))).toBe(true));
  it("is no other row", () => expect(isTouched(oneKey("node", 8), event("node", "7"))).toBe(false));
  it("is no other subject", () =>
    expect(isTouched(listKey("key"), event("node", "7"))).toBe(false));
  it("is the deployment when one of its replicas moved", () =>
    expect(isTouched(oneKey("deployment", 3), event("replica", "9"))).toBe(true));
  it("is the verdict, except for mere usage", () => {
    expect(isTouched(["status"], event("node", "7"))).toBe(true);
    expect(isTouched(["status"], event("usage", ""))).toBe(false);
  });
});
