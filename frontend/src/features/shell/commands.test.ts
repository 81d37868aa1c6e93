import { describe, expect, it } from "vitest";
import { type Command, scoreOf, search } from "./commands";

const command = (label: string, group = "Pages", also = ""): Command => ({
  id: label,
  label,
  group,
  also,
});

describe("finding", () => {
  it("wants every word", () => expect(scoreOf(command("New key"), "new node")).toBe(0));
  it("likes the beginning best", () =>
    expect(scoreOf(command("juniper"), "jun")).toBeGreaterThan(
      scoreOf(command("old juniper"), "jun"),
    ));
  it("looks beside the label too", () =>
    expect(scoreOf(command("oak", "Nodes", "192.168.1.21"), "1.21")).toBeGreaterThan(0));
  it("takes signs as they are", () => expect(scoreOf(command("a (b"), "(b")).toBeGreaterThan(0));
  it("knows umlauts as letters", () =>
    expect(scoreOf(command("Schlüssel"), "ssel")).toBe(scoreOf(command("Kissel"), "ssel")));
});

describe("groups", () => {
  it("come in the order of their best find", () => {
    const found = search(
      [command("Keys"), command("keyhole", "Nodes"), command("key", "Do")],
      "key",
    );
    expect(found.map(([group]) => group)).toEqual(["Do", "Pages", "Nodes"]);
  });
  it("keep their order while nothing is typed", () =>
    expect(search([command("b"), command("a", "Nodes")], "").map(([group]) => group)).toEqual([
      "Pages",
      "Nodes",
    ]));
});
