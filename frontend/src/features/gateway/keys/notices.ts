/** Which notices about budgets still hold, and which have been put away. */
import type { NoticeOut } from "@/api/generated/schema";
import { startOfDay, startOfMonth } from "../usage/spans";

const STORED_AS = "hearth-seen-notices";
const REMEMBERED = 50;

/** Of this day and this month, the highest of each holder and window, the fullest first. */
export function current(notices: readonly NoticeOut[], now: number): NoticeOut[] {
  const highest = new Map<string, NoticeOut>();
  for (const notice of notices) {
    const begins = notice.window === "tokens_per_month" ? startOfMonth(now) : startOfDay(now);
    if (Date.parse(notice.at) < begins) continue;
    const subject = `${notice.level} ${notice.holder_id} ${notice.window}`;
    const known = highest.get(subject);
    if (!known || known.percent < notice.percent) highest.set(subject, notice);
  }
  return [...highest.values()].sort(
    (one, other) => other.percent - one.percent || other.at.localeCompare(one.at),
  );
}

/** Put away in this browser alone. */
export function readSeen(): readonly number[] {
  try {
    const ids: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "number") : [];
  } catch {
    return [];
  }
}

export function rememberSeen(seen: readonly number[], id: number): readonly number[] {
  const next = [...seen, id].slice(-REMEMBERED);
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(next));
  } catch {
    // A browser that keeps nothing shows the notice again: no harm.
  }
  return next;
}
