import { describe, expect, it } from "vitest";
import type { DeploymentOut } from "@/api/generated/schema";
import { changesBetween, countChanges, draftOf } from "./changes";

const deployment = {
  name: "tiny",
  context_length: 4096,
  replica_count: 1,
  slots: 2,
  kv_type: "f16",
  keep_warm: true,
  idle_seconds: null,
} as DeploymentOut;
const before = draftOf(deployment);

describe("changing a deployment", () => {
  it("sends nothing when nothing differs", () => {
    expect(changesBetween(before, { ...before })).toEqual({});
  });

  it("sends only what differs", () => {
    const changes = changesBetween(before, { ...before, slots: 4, contextLength: 8192 });
    expect(changes).toEqual({ slots: 4, context_length: 8192 });
    expect(countChanges(changes)).toBe(2);
  });

  it("counts unloading as one change and sends both of its fields", () => {
    const changes = changesBetween(before, { ...before, unloads: true, unloadMinutes: 10 });
    expect(changes).toEqual({ keep_warm: false, idle_seconds: 600 });
    expect(countChanges(changes)).toBe(1);
    const unloading = { ...before, unloads: true };
    expect(changesBetween(unloading, before)).toEqual({ keep_warm: true });
  });

  it("ignores minutes that do not count", () => {
    expect(changesBetween(before, { ...before, unloadMinutes: 99 })).toEqual({});
  });
});
