/** Parts of a request are often far below what seconds with two digits can say. */
const FINE_BELOW_MS = 10;

export function sayMilliseconds(
  milliseconds: number | null | undefined,
  duration: (ms: number | null | undefined) => string,
  locale: string,
): string {
  if (milliseconds == null || milliseconds >= FINE_BELOW_MS) return duration(milliseconds);
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  return `${digits.format(milliseconds)}\u00a0ms`;
}
