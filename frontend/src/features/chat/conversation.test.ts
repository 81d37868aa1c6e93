import { describe, expect, it } from "vitest";
import { chatAsCode } from "./code";
import { type Message, NO_PARAMETERS, requestBody, speedOf } from "./conversation";

const said: Message[] = [
  { id: "1", role: "user", text: "hi" },
  { id: "2", role: "assistant", text: "", problem: { message: "no", code: "x" } },
  { id: "3", role: "user", text: "it's me" },
];

describe("what is sent", () => {
  it("leaves out what failed and what was not set", () =>
    expect(requestBody("m", said, { ...NO_PARAMETERS, temperature: 0 })).toEqual({
      model: "m",
      messages: [
        { role: "user", content: "hi" },
        { role: "user", content: "it's me" },
      ],
      temperature: 0,
    }));

  it("begins with the system prompt", () =>
    expect(requestBody("m", [], { ...NO_PARAMETERS, system: "Be kind." }).messages).toEqual([
      { role: "system", content: "Be kind." },
    ]));

  it("stops at each line of stop words", () =>
    expect(requestBody("m", [], { ...NO_PARAMETERS, stop: "a\n\nb" })).toMatchObject({
      stop: ["a", "b"],
    }));
});

describe("speed", () => {
  const answered = {
    totalMs: 3000,
    firstTokenMs: 1000,
    tokens: 41,
    promptTokens: 5,
    finish: null,
    engineSpeed: null,
  };
  it("counts from the first token on", () => expect(speedOf(answered)).toBe(20));
  it("is what the engine measured, where it says so", () =>
    expect(speedOf({ ...answered, engineSpeed: 24 })).toBe(24));
  it("is not known when everything came in one piece", () =>
    expect(speedOf({ ...answered, totalMs: 1001 })).toBeNull());
  it("is not known from one token", () => expect(speedOf({ ...answered, tokens: 1 })).toBeNull());
});

describe("code", () => {
  it("quotes what a shell would end at", () =>
    expect(chatAsCode("curl", "http://den/v1", requestBody("m", said, NO_PARAMETERS))).toContain(
      "it'\\''s me",
    ));
});
