import { useFormat } from "@/i18n/useFormat";
import { startOfDay } from "../usage/spans";

/** What the reader's clock shows when a day of budgets begins: "01:00". */
export function useUtcMidnight(): string {
  const format = useFormat();
  return format.clock(startOfDay(Date.now()));
}
