import { expect, it } from "vitest";
import type { NoticeOut } from "@/api/generated/schema";
import { current } from "./notices";

const NOW = Date.parse("2026-03-10T12:00:00Z");

function notice(id: number, change: Partial<NoticeOut>): NoticeOut {
  return {
    id,
    at: "2026-03-10T09:00:00Z",
    level: "key",
    holder_id: 1,
    holder: "tablet",
    window: "tokens_per_day",
    percent: 80,
    limit: 100,
    period: "",
    text: "",
    ...change,
  };
}

it("of the notices only the highest of a budget that still runs is shown, the fullest first", () => {
  const notices = [
    notice(1, {}),
    notice(2, { percent: 100 }),
    notice(3, { holder_id: 2 }),
    notice(4, { at: "2026-03-09T23:59:00Z", percent: 100, holder_id: 3 }),
    notice(5, { at: "2026-03-02T00:00:00Z", window: "tokens_per_month", holder_id: 4 }),
    notice(6, { at: "2026-02-28T00:00:00Z", window: "tokens_per_month", holder_id: 5 }),
  ];
  expect(current(notices, NOW).map((one) => one.id)).toEqual([2, 3, 5]);
});
