import { describe, expect, it } from "vitest";
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDateTime,
  formatDay,
  formatDuration,
  formatEstimate,
  formatLogTime,
  formatMoment,
  formatParameters,
  formatRelative,
  formatShare,
  formatShortCount,
  formatSpeed,
} from "./format";

const NB = " ";
const THIN = "\u2009";
const NOW = new Date("2026-11-21T20:00:00+01:00");

describe("bytes", () => {
  it.each([
    [19.8e9, `19.8${NB}GB`],
    [212e9, `212${NB}GB`],
    [99.97e9, `100${NB}GB`],
    [0.72e9, `0.7${NB}GB`],
    [1.7e6, `1.7${NB}MB`],
    [931e9, `931${NB}GB`],
    [0, `0${NB}GB`],
    [512, `512${NB}B`],
    [null, "·"],
  ])("%s is %s", (bytes, text) => expect(formatBytes(bytes, "en")).toBe(text));

  it("has a comma in German", () => expect(formatBytes(19.8e9, "de")).toBe(`19,8${NB}GB`));
});

describe("speed", () => {
  it.each([
    [1.62, `1.6${NB}tokens/s`],
    [9.97, `10${NB}tokens/s`],
    [31.4, `31${NB}tokens/s`],
    [1040, `1${THIN}040${NB}tokens/s`],
  ])("%s is %s", (value, text) => expect(formatSpeed(value, "en")).toBe(text));

  it("says about when estimated", () =>
    expect(formatSpeed(31, "de", true)).toBe(`etwa 31${NB}Token/s`));
});

describe("counts", () => {
  it("groups with thin spaces", () => expect(formatCount(41208, "en")).toBe(`41${THIN}208`));
  it("shortens millions", () => expect(formatCount(1_840_112, "en")).toBe(`1.84${NB}M`));
  it("shortens limits", () => {
    expect(formatShortCount(500_000, "en")).toBe(`500${NB}k`);
    expect(formatShortCount(8_000_000, "en")).toBe(`8${NB}M`);
    expect(formatShortCount(740, "en")).toBe("740");
    expect(formatShortCount(1500, "de")).toBe(`1,5${NB}k`);
    expect(formatShortCount(43_210, "en")).toBe(`43${NB}k`);
  });
  it.each([
    [0, "0"],
    [1500, `1${THIN}500`],
    [12_500, `12.5${NB}k`],
    [500_000, `500${NB}k`],
    [999_600, `1${NB}M`],
    [1_834_567, `1.83${NB}M`],
    [40_000_000, `40${NB}M`],
    [3_200_000_000, `3.2${NB}G`],
    [null, "·"],
  ])("a limit of %s is %s", (count, text) => expect(formatAmount(count, "en")).toBe(text));
  it("has a comma in German limits", () => expect(formatAmount(12_500, "de")).toBe(`12,5${NB}k`));
  it("names parameters", () => {
    expect(formatParameters(30.5e9, "en")).toBe(`30.5${NB}B`);
    expect(formatParameters(360e6, "en")).toBe(`360${NB}M`);
  });
  it("has whole shares", () => expect(formatShare(0.624)).toBe(`62${NB}%`));
});

describe("durations", () => {
  it.each([
    [0.4, `<${NB}0.01${NB}s`],
    [410, `0.41${NB}s`],
    [3_200, `3.2${NB}s`],
    [38_000, `38${NB}s`],
    [59_600, `1${NB}min`],
    [112_000, `1${NB}min 52${NB}s`],
    [120_000, `2${NB}min`],
    [3_599_700, `1${NB}h`],
    [529_200_000, `6${NB}d 3${NB}h`],
  ])("%s ms is %s", (ms, text) => expect(formatDuration(ms, "en")).toBe(text));

  it("rounds estimates to one unit", () =>
    expect(formatEstimate(118_000, "en")).toBe(`about 2${NB}min`));
});

describe("moments", () => {
  it("is a clock today", () =>
    expect(formatMoment("2026-11-21T19:48:02+01:00", "en", NOW)).toBe("19:48"));
  it("is a day this year", () =>
    expect(formatMoment("2026-11-14T10:00:00+01:00", "en", NOW)).toBe(`14${NB}Nov`));
  it("is a day with its year before", () =>
    expect(formatDay("2025-11-14T10:00:00+01:00", "de", NOW)).toBe(`14.${NB}Nov. 2025`));
  it("is relative under an hour, both ways", () => {
    expect(formatRelative("2026-11-21T19:56:00+01:00", "en", NOW)).toBe(`4${NB}min ago`);
    expect(formatRelative("2026-11-21T20:12:00+01:00", "de", NOW)).toBe(`in 12${NB}min`);
    expect(formatRelative("2026-11-21T18:00:00+01:00", "en", NOW)).toBe("18:00");
  });
  it("has its time with its day where it is an end", () => {
    expect(formatDateTime("2026-11-21T23:48:02+01:00", "en", NOW)).toBe("23:48");
    expect(formatDateTime("2026-11-22T08:05:00+01:00", "de", NOW)).toBe(`22.${NB}Nov., 08:05`);
    expect(formatDateTime(null, "de", NOW)).toBe("·");
  });
  it("has thousandths in logs", () =>
    expect(formatLogTime("2026-11-21T19:57:08.020+01:00")).toBe("19:57:08.020"));
  it("is a dot when it is not known", () => expect(formatMoment("nonsense", "en", NOW)).toBe("·"));
});
