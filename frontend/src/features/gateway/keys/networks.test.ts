import { describe, expect, it } from "vitest";
import { isNetwork, linesOf, wrongLine } from "./networks";

describe("a network", () => {
  it.each(["192.168.1.0/24", "10.0.0.7", "0.0.0.0/0", "::1", "fd00::/8", "2001:db8::1/128"])(
    "is %s",
    (text) => expect(isNetwork(text)).toBe(true),
  );
  it.each(["", "home", "192.168.1", "192.168.1.256", "10.0.0.0/33", "fd00::/129", "1.2.3.4/8/8"])(
    "is not %s",
    (text) => expect(isNetwork(text)).toBe(false),
  );
});

it("stands on a line of its own, or between commas", () => {
  expect(linesOf(" 10.0.0.0/8 \n\n ::1, 192.168.0.0/16")).toEqual([
    "10.0.0.0/8",
    "::1",
    "192.168.0.0/16",
  ]);
  expect(wrongLine("10.0.0.0/8\nhome")).toBe("home");
  expect(wrongLine("")).toBeNull();
});
