/** The limits of a key, a person or a team, and what they mean for a form. Pure. */

export const LIMIT_NAMES = [
  "requests_per_minute",
  "tokens_per_minute",
  "parallel",
  "tokens_per_day",
  "tokens_per_month",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** A limit that is left out, or null, does not bind. */
export type Limits = Partial<Record<LimitName, number | null>>;

export const PRESETS = ["none", "family", "app", "ci", "custom"] as const;
export type Preset = (typeof PRESETS)[number];

/** Generous for what each is for, and small enough that a loop gone wild is stopped the same day. */
export const PRESET_LIMITS: Record<Exclude<Preset, "custom">, Limits> = {
  none: {},
  family: {
    requests_per_minute: 20,
    parallel: 2,
    tokens_per_day: 200_000,
    tokens_per_month: 3_000_000,
  },
  app: {
    requests_per_minute: 120,
    parallel: 8,
    tokens_per_day: 2_000_000,
    tokens_per_month: 40_000_000,
  },
  ci: {
    requests_per_minute: 60,
    tokens_per_minute: 100_000,
    parallel: 4,
    tokens_per_day: 500_000,
    tokens_per_month: 5_000_000,
  },
};

/** Only what binds, in the order in which limits are named. */
export function boundBy(limits: Limits): [LimitName, number][] {
  return LIMIT_NAMES.flatMap((name) => {
    const value = limits[name];
    return value === null || value === undefined ? [] : [[name, value] as [LimitName, number]];
  });
}

export function sameLimits(one: Limits, other: Limits): boolean {
  return LIMIT_NAMES.every((name) => (one[name] ?? null) === (other[name] ?? null));
}

/** The preset that these limits are; `custom` when they are none of them. */
export function presetOf(limits: Limits): Preset {
  const known = PRESETS.filter((preset) => preset !== "custom");
  return known.find((preset) => sameLimits(PRESET_LIMITS[preset], limits)) ?? "custom";
}

/** A limit that can never be reached because a longer one stops earlier; null when all make sense. */
export function contradiction(limits: Limits): "dayOverMonth" | "minuteOverDay" | null {
  const { tokens_per_minute: minute, tokens_per_day: day, tokens_per_month: month } = limits;
  if (day && month && day > month) return "dayOverMonth";
  if (minute && day && minute > day) return "minuteOverDay";
  return null;
}

/** What raising a limit proposes: the next of 1, 2, 5, 10, 20, 50 … that at least doubles it. */
export function raised(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value * 2));
  return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value * 2) ?? value * 2;
}

/** "500 k", "2.5 M" and "1 500" as people write them; null for what is no whole number above 0. */
export function parseAmount(text: string): number | null {
  const match = /^([\d.,]+)([kM]?)$/i.exec(text.replace(/[\s_']/g, ""));
  if (!match?.[1]) return null;
  const unit = { k: 1e3, m: 1e6 }[match[2]?.toLowerCase() ?? ""];
  // With a unit a dot or comma is a decimal mark; without one it groups thousands.
  const digits = unit ? match[1].replace(",", ".") : match[1].replace(/[.,](?=\d{3}(?!\d))/g, "");
  const value = Math.round(Number(digits) * (unit ?? 1) * 1000) / 1000;
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** Limits as they are typed; an empty text is no limit. */
export type LimitTexts = Record<LimitName, string>;

/** Short where nothing is lost: "200 k", "3 M", "1500". */
export function writeAmount(value: number): string {
  if (value >= 1e6 && value % 1e6 === 0) return `${value / 1e6} M`;
  if (value >= 1e4 && value % 1e3 === 0) return `${value / 1e3} k`;
  return String(value);
}

export function toTexts(limits: Limits): LimitTexts {
  const entries = LIMIT_NAMES.map((name) => {
    const value = limits[name];
    return [name, value === null || value === undefined ? "" : writeAmount(value)];
  });
  return Object.fromEntries(entries) as LimitTexts;
}

/** Every limit by name, null where none is set. Null as a whole when a text is no amount. */
export function fromTexts(texts: LimitTexts): Record<LimitName, number | null> | null {
  const found = {} as Record<LimitName, number | null>;
  for (const name of LIMIT_NAMES) {
    const text = texts[name].trim();
    found[name] = text === "" ? null : parseAmount(text);
    if (text !== "" && found[name] === null) return null;
  }
  return found;
}
