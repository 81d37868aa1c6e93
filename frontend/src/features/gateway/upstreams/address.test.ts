import { describe, expect, it } from "vitest";
import { isAddress, leavesTheHouse } from "./address";

describe("an upstream's address", () => {
  it("stays in the house when it is private", () => {
    for (const host of [
      "localhost:8080",
      "192.168.1.4",
      "172.20.0.1",
      "100.64.0.9",
      "den",
      "den.local",
      "[::1]:8000",
      "[fd12:3456::1]",
    ]) {
      expect(leavesTheHouse(`http://${host}/v1`), host).toBe(false);
    }
  });

  it("leaves it otherwise, and when it cannot be read", () => {
    expect(leavesTheHouse("https://api.example.com/v1")).toBe(true);
    expect(leavesTheHouse("http://172.32.0.1/v1")).toBe(true);
    expect(leavesTheHouse("http://100.128.0.1/v1")).toBe(true);
    expect(leavesTheHouse("what is this")).toBe(true);
  });

  it("begins with http", () => {
    expect(isAddress(" https://api.example.com/v1 ")).toBe(true);
    expect(isAddress("api.example.com")).toBe(false);
    expect(isAddress("ftp://a.b")).toBe(false);
  });
});
