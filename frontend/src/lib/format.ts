/** Numbers, units, durations and moments, as one voice. Pure; `useFormat` binds the language. */

export type Language = "en" | "de";

const THIN = "\u2009";
const NO_BREAK = " ";
const UNKNOWN = "·";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const WORDS = {
  en: {
    ago: (text: string) => `${text} ago`,
    in: (text: string) => `in ${text}`,
    about: (text: string) => `about ${text}`,
    now: "now",
    perSecond: "tokens/s",
  },
  de: {
    ago: (text: string) => `vor ${text}`,
    in: (text: string) => `in ${text}`,
    about: (text: string) => `etwa ${text}`,
    now: "jetzt",
    perSecond: "Token/s",
  },
} as const;

const DAY_UNIT = { en: "d", de: "T" } as const;

type Maybe<Value> = Value | null | undefined;

function digits(value: number, places: number, language: Language): string {
  const text = value.toFixed(places);
  return language === "de" ? text.replace(".", ",") : text;
}

function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** Decimal units; one digit below 100, none above: "19.8 GB", "212 GB", "1.7 MB". */
export function formatBytes(bytes: Maybe<number>, language: Language): string {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  if (bytes === 0) return `0${NO_BREAK}GB`;
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  // Memory and files are said in GB as soon as one digit can say them; whole disks stay in GB.
  const size = Math.abs(bytes);
  const index = size >= 1e13 ? 4 : size >= 1e8 ? 3 : size >= 1e6 ? 2 : size >= 1e3 ? 1 : 0;
  const value = bytes / 10 ** (index * 3);
  const places = index === 0 || Math.abs(value) >= 99.95 ? 0 : 1;
  return `${grouped(digits(value, places, language))}${NO_BREAK}${units[index]}`;
}

/** Used of a whole in one unit: "19.8 of 24 GB" reads its numbers from here. */
export function formatGigabytes(bytes: Maybe<number>, language: Language): string {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  const value = bytes / 1e9;
  const whole = value >= 99.95 || Math.abs(value - Math.round(value)) < 0.05;
  return digits(value, whole ? 0 : 1, language);
}

/** "9.4 tokens/s", "104 tokens/s", "about 31 tokens/s". */
export function formatSpeed(
  tokensPerSecond: Maybe<number>,
  language: Language,
  estimated = false,
): string {
  if (tokensPerSecond === null || tokensPerSecond === undefined) return UNKNOWN;
  const places = tokensPerSecond < 9.95 ? 1 : 0;
  const text = `${grouped(digits(tokensPerSecond, places, language))}${NO_BREAK}${WORDS[language].perSecond}`;
  return estimated ? WORDS[language].about(text) : text;
}

/** Exact below a million with thin spaces, then "1.84 M". */
export function formatCount(count: Maybe<number>, language: Language): string {
  if (count === null || count === undefined) return UNKNOWN;
  if (Math.abs(count) >= 1e9) return `${digits(count / 1e9, 2, language)}${NO_BREAK}G`;
  if (Math.abs(count) >= 1e6) return `${digits(count / 1e6, 2, language)}${NO_BREAK}M`;
  return formatExact(count);
}

/** Every digit, for tooltips and tables: "1 840 112". */
export function formatExact(count: Maybe<number>): string {
  if (count === null || count === undefined) return UNKNOWN;
  return grouped(String(Math.round(count)));
}

/** Tokens for sums and axes: "1.5 k", "500 k", "8 M". */
export function formatShortCount(count: Maybe<number>, language: Language): string {
  if (count === null || count === undefined) return UNKNOWN;
  const size = Math.abs(count);
  if (size < 1000) return String(Math.round(count));
  const [value, unit] = size < 999_500 ? [count / 1e3, "k"] : [count / 1e6, "M"];
  const few = size < 999_500 ? (size < 9950 ? 1 : 0) : 2;
  const places = Math.abs(value) >= 99.95 || Number.isInteger(value) ? 0 : few;
  return `${digits(value, places, language)}${NO_BREAK}${unit}`;
}

/** Limits and what is used of them: exact to 10 000, then three digits: "1 500", "12.5 k", "1.83 M". */
export function formatAmount(count: Maybe<number>, language: Language): string {
  if (count === null || count === undefined) return UNKNOWN;
  if (Math.abs(count) < 10_000) return formatExact(count);
  const [size, unit] =
    Math.abs(count) < 999_500
      ? [1e3, "k"]
      : Math.abs(count) < 999_500_000
        ? [1e6, "M"]
        : [1e9, "G"];
  const text = String(Number((count / Number(size)).toPrecision(3)));
  return `${language === "de" ? text.replace(".", ",") : text}${NO_BREAK}${unit}`;
}

/** Parameters of a model: "30.5 B", "360 M". */
export function formatParameters(count: Maybe<number>, language: Language): string {
  if (count === null || count === undefined) return UNKNOWN;
  if (count >= 0.95e9) return `${digits(count / 1e9, 1, language)}${NO_BREAK}B`;
  const places = count >= 9.95e6 ? 0 : 1;
  return `${digits(count / 1e6, places, language)}${NO_BREAK}M`;
}

/** Whole percent of a share from 0 to 1: "62 %". */
export function formatShare(share: Maybe<number>): string {
  if (share === null || share === undefined) return UNKNOWN;
  return `${Math.round(share * 100)}${NO_BREAK}%`;
}

/** "0.41 s", "38 s", "1 min 52 s", "3 h 5 min", "6 d 3 h". */
export function formatDuration(milliseconds: Maybe<number>, language: Language): string {
  if (milliseconds === null || milliseconds === undefined) return UNKNOWN;
  const ms = Math.max(0, milliseconds);
  if (ms > 0 && ms < 5) return `<${NO_BREAK}${digits(0.01, 2, language)}${NO_BREAK}s`;
  if (ms < 995) return `${digits(ms / SECOND, 2, language)}${NO_BREAK}s`;
  if (ms < 9.95 * SECOND) {
    // Whole seconds were rounded on purpose, where tenths would say too much.
    const places = Number.isInteger(ms / SECOND) ? 0 : 1;
    return `${digits(ms / SECOND, places, language)}${NO_BREAK}s`;
  }
  if (ms < 59.5 * SECOND) return `${Math.round(ms / SECOND)}${NO_BREAK}s`;
  if (ms < HOUR - SECOND / 2) return twoUnits(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return twoUnits(ms, HOUR, "h", MINUTE, "min");
  return twoUnits(ms, DAY, DAY_UNIT[language], HOUR, "h");
}

function twoUnits(ms: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  let whole = Math.floor(ms / large);
  let rest = Math.round((ms - whole * large) / small);
  if (rest * small >= large) {
    whole += 1;
    rest = 0;
  }
  const first = `${whole}${NO_BREAK}${largeUnit}`;
  return rest === 0 ? first : `${first} ${rest}${NO_BREAK}${smallUnit}`;
}

/** One rounded unit, for what is only roughly known: "about 2 min". */
export function formatEstimate(milliseconds: Maybe<number>, language: Language): string {
  if (milliseconds === null || milliseconds === undefined) return UNKNOWN;
  return WORDS[language].about(oneUnit(milliseconds, language));
}

function oneUnit(ms: number, language: Language): string {
  if (ms < 59.5 * SECOND) return `${Math.max(1, Math.round(ms / SECOND))}${NO_BREAK}s`;
  if (ms < 59.5 * MINUTE) return `${Math.round(ms / MINUTE)}${NO_BREAK}min`;
  if (ms < 23.5 * HOUR) return `${Math.round(ms / HOUR)}${NO_BREAK}h`;
  return `${Math.round(ms / DAY)}${NO_BREAK}${DAY_UNIT[language]}`;
}

const MONTHS = {
  en: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
  de: [
    "Jan.",
    "Feb.",
    "März",
    "Apr.",
    "Mai",
    "Juni",
    "Juli",
    "Aug.",
    "Sept.",
    "Okt.",
    "Nov.",
    "Dez.",
  ],
} as const;

function parse(moment: Maybe<string | number | Date>): Date | null {
  if (moment === null || moment === undefined || moment === "") return null;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? null : date;
}

function clock(date: Date, seconds = false): string {
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** The time of day: "20:01". */
export function formatClock(moment: Maybe<string | number | Date>): string {
  const date = parse(moment);
  return date ? clock(date) : UNKNOWN;
}

function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

/** "20:01" today, "14 Nov" this year, else "14 Nov 2025". */
export function formatMoment(
  moment: Maybe<string | number | Date>,
  language: Language,
  now = new Date(),
): string {
  const date = parse(moment);
  if (!date) return UNKNOWN;
  if (isSameDay(date, now)) return clock(date);
  return formatDay(date, language, now);
}

/** The day without the time. */
export function formatDay(
  moment: Maybe<string | number | Date>,
  language: Language,
  now = new Date(),
): string {
  const date = parse(moment);
  if (!date) return UNKNOWN;
  const dot = language === "de" ? "." : "";
  const day = `${date.getDate()}${dot}${NO_BREAK}${MONTHS[language][date.getMonth()]}`;
  return date.getFullYear() === now.getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** To the minute, on any day: "20:01" today, else "14 Nov, 20:01". For moments that are ends. */
export function formatDateTime(
  moment: Maybe<string | number | Date>,
  language: Language,
  now = new Date(),
): string {
  const date = parse(moment);
  if (!date) return UNKNOWN;
  if (isSameDay(date, now)) return clock(date);
  return `${formatDay(date, language, now)}, ${clock(date)}`;
}

/** Under an hour "4 min ago", else the moment. Also ahead: "in 12 min". */
export function formatRelative(
  moment: Maybe<string | number | Date>,
  language: Language,
  now = new Date(),
): string {
  const date = parse(moment);
  if (!date) return UNKNOWN;
  const distance = now.getTime() - date.getTime();
  if (Math.abs(distance) >= HOUR) return formatMoment(date, language, now);
  if (Math.abs(distance) < 2 * SECOND) return WORDS[language].now;
  const text = oneUnit(Math.abs(distance), language);
  return distance > 0 ? WORDS[language].ago(text) : WORDS[language].in(text);
}

/** With seconds and thousandths, for logs: "19:57:08.020". */
export function formatLogTime(moment: string): string {
  const date = parse(moment);
  if (!date) return "";
  return `${clock(date, true)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export { UNKNOWN };
