import { describe, expect, it } from "vitest";
import { createSseParser } from "./sse";

const STREAM =
  'data: {"a":1}\n\n: a note\n\ndata: two\r\ndata: lines\r\n\r\nevent: x\ndata:[DONE]\n\n';
const EVENTS = ['{"a":1}', "two\nlines", "[DONE]"];

function parseInPieces(length: number): string[] {
  const parse = createSseParser();
  const found: string[] = [];
  for (let at = 0; at < STREAM.length; at += length) {
    found.push(...parse(STREAM.slice(at, at + length)));
  }
  return found;
}

describe("server-sent events", () => {
  it.each([1, 2, 3, 5, 7, 1000])("are the same in pieces of %s", (length) =>
    expect(parseInPieces(length)).toEqual(EVENTS),
  );

  it("wait for their end", () => {
    const parse = createSseParser();
    expect(parse("data: half")).toEqual([]);
    expect(parse(" of it\n\n")).toEqual(["half of it"]);
  });
});
