import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi";

describe("colours of terminals", () => {
  it("leaves a plain line alone", () =>
    expect(parseAnsi("ok")).toEqual([{ text: "ok", colour: null, bold: false }]));

  it("colours until it is reset", () =>
    expect(parseAnsi("a \u001b[1;31mbad\u001b[0m z")).toEqual([
      { text: "a ", colour: null, bold: false },
      { text: "bad", colour: "red", bold: true },
      { text: " z", colour: null, bold: false },
    ]));

  it("drops what moves a cursor, titles and bells", () =>
    expect(stripAnsi("\u001b[2K\u001b]0;title\u0007x\u001b[1Ay\u0007")).toBe("xy"));

  it("keeps tabs", () => expect(parseAnsi("a\tb")[0]?.text).toBe("a\tb"));
});
