import { describe, expect, it } from "vitest";
import { csvAddress, filtersOf } from "./filters";

const NOW = Date.parse("2026-03-10T12:30:00Z");

describe("the filters of requests", () => {
  it("ask for everything when the address says nothing, or nothing that is known", () => {
    expect(filtersOf({}, NOW)).toEqual({});
    expect(filtersOf({ filter: "odd", days: "9y", subject: "x", q: "  " }, NOW)).toEqual({});
  });

  it("are those of the address together", () => {
    expect(
      filtersOf({ filter: "fellBack", days: "24h", subject: "7", route: "coder", q: " oak " }, NOW),
    ).toEqual({
      from: "2026-03-09T12:30:00.000Z",
      fell_back: true,
      key_id: 7,
      route: "coder",
      search: "oak",
    });
    expect(filtersOf({ filter: "answered" }, NOW)).toEqual({ failed: false });
  });

  it("are the same for the spreadsheet", () => {
    expect(csvAddress({})).toBe("/api/requests.csv");
    expect(csvAddress({ failed: true, model: "a b" })).toBe(
      "/api/requests.csv?failed=true&model=a+b",
    );
  });
});
