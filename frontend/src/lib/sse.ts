/** Server-sent events out of a byte stream, however the bytes are cut. Pure. */

/** Feed it text as it comes; it returns the data of every event that is complete. */
export function createSseParser(): (text: string) => string[] {
  let rest = "";
  let data: string[] = [];
  return (text) => {
    rest += text;
    const complete: string[] = [];
    // A carriage return at the end may be the first half of a line break: it waits.
    let match = /\r\n|\n|\r(?=.|\n)/.exec(rest);
    while (match) {
      const line = rest.slice(0, match.index);
      rest = rest.slice(match.index + match[0].length);
      if (line === "") {
        if (data.length > 0) complete.push(data.join("\n"));
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
      match = /\r\n|\n|\r(?=.|\n)/.exec(rest);
    }
    return complete;
  };
}
