/** Colours in terminal output. Only colours and weight: cursor movement has no meaning in a log. */

export interface Span {
  text: string;
  /** A word of the terminal palette, or null for the plain ink. */
  colour: "dim" | "green" | "yellow" | "red" | "blue" | "ember" | null;
  bold: boolean;
}

const ESCAPE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  /\u001b\[([\d;]*)([A-Za-z])|\u001b\][^\u0007]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f]/g;

const COLOURS: Record<number, Span["colour"]> = {
  0: "dim",
  1: "red",
  2: "green",
  3: "yellow",
  4: "blue",
  5: "ember",
  6: "blue",
  7: null,
};

/** Splits one line into spans of one colour each. A line without escapes is one span. */
export function parseAnsi(line: string): Span[] {
  const spans: Span[] = [];
  let colour: Span["colour"] = null;
  let bold = false;
  let from = 0;
  for (const match of line.matchAll(ESCAPE)) {
    push(spans, line.slice(from, match.index), colour, bold);
    from = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] || "0").split(";").map(Number)) {
      if (code === 0) [colour, bold] = [null, false];
      else if (code === 1) bold = true;
      else if (code === 2) colour = "dim";
      else if (code === 22) bold = false;
      else if (code === 39) colour = null;
      else if (code >= 30 && code <= 37) colour = COLOURS[code - 30] ?? null;
      else if (code >= 90 && code <= 97) colour = COLOURS[code - 90] ?? null;
    }
  }
  push(spans, line.slice(from), colour, bold);
  return spans;
}

function push(spans: Span[], text: string, colour: Span["colour"], bold: boolean): void {
  if (text) spans.push({ text, colour, bold });
}

/** The same line without its escapes, for finding, copying and saving. */
export function stripAnsi(line: string): string {
  return line.includes("\u001b") ? line.replace(ESCAPE, "") : line;
}
