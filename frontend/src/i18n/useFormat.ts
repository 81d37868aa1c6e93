import { useMemo } from "react";
import { useLocale } from "use-intl";
import {
  formatAmount,
  formatBytes,
  formatClock,
  formatCount,
  formatDateTime,
  formatDay,
  formatDuration,
  formatEstimate,
  formatExact,
  formatGigabytes,
  formatMoment,
  formatParameters,
  formatRelative,
  formatShare,
  formatShortCount,
  formatSpeed,
} from "@/lib/format";

type Maybe<Value> = Value | null | undefined;
type Moment = Maybe<string | number | Date>;

/** The formats of `lib/format` in the reader's language. */
export function useFormat() {
  const language = useLocale();
  return useMemo(
    () => ({
      bytes: (value: Maybe<number>) => formatBytes(value, language),
      gigabytes: (value: Maybe<number>) => formatGigabytes(value, language),
      speed: (value: Maybe<number>, estimated?: boolean) => formatSpeed(value, language, estimated),
      count: (value: Maybe<number>) => formatCount(value, language),
      exact: (value: Maybe<number>) => formatExact(value),
      amount: (value: Maybe<number>) => formatAmount(value, language),
      shortCount: (value: Maybe<number>) => formatShortCount(value, language),
      parameters: (value: Maybe<number>) => formatParameters(value, language),
      share: (value: Maybe<number>) => formatShare(value),
      duration: (value: Maybe<number>) => formatDuration(value, language),
      estimate: (value: Maybe<number>) => formatEstimate(value, language),
      moment: (value: Moment) => formatMoment(value, language),
      clock: (value: Moment) => formatClock(value),
      day: (value: Moment) => formatDay(value, language),
      dateTime: (value: Moment) => formatDateTime(value, language),
      relative: (value: Moment) => formatRelative(value, language),
    }),
    [language],
  );
}
