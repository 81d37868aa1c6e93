import { describe, expect, it } from "vitest";
import { SETUPS, seenFromContainer, setup, withoutVersion } from "./setups";

const target = {
  baseUrl: "http://den.local:8000/v1",
  apiKey: "hk_live_abc",
  model: "qwen3-30b",
};
const text = (name: (typeof SETUPS)[number]) =>
  setup(name, target)
    .map((part) => part.code)
    .join("\n");

describe("a set-up card", () => {
  it.each(SETUPS)("%s carries the real address and key", (name) => {
    expect(text(name)).toContain("den.local:8000");
    expect(text(name)).toContain("hk_live_abc");
  });

  it.each(SETUPS.filter((name) => name !== "env" && name !== "openWebUi"))(
    "%s asks for the model",
    (name) => expect(text(name)).toContain("qwen3-30b"),
  );

  it("leaves /v1 off for Anthropic's clients, which add it", () => {
    expect(withoutVersion("https://den.local/v1/")).toBe("https://den.local");
    for (const name of ["anthropic", "claudeCode"] as const) {
      expect(text(name)).not.toContain("/v1");
    }
  });

  it("prefixes the model for aider, which would else look for another provider", () =>
    expect(text("aider")).toContain('--model "openai/qwen3-30b"'));

  it("writes YAML in which every value is text", () =>
    expect(setup("continue", { ...target, model: "4" }).map((part) => part.code)[0]).toContain(
      'model: "4"',
    ));

  it("leads out of a container to the machine it runs on", () => {
    expect(seenFromContainer("http://localhost:8000/v1")).toBe(
      "http://host.docker.internal:8000/v1",
    );
    expect(seenFromContainer("http://den.local:8000/v1")).toBe("http://den.local:8000/v1");
  });
});
