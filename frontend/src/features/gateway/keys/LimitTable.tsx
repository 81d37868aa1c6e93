import { useTranslations } from "use-intl";
import type { LimitUseOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Meter } from "@/ui/Meter";
import styles from "./keys.module.css";
import { LIMIT_NAMES } from "./limits";

const NEARLY = 80;
const LEVELS = ["key", "user", "team"] as const;

interface LimitTableProps {
  uses: readonly LimitUseOut[];
  label: string;
  /** Whose limits they are is said above already. */
  isNamed?: boolean;
}

/** Limits with what is used, reserved and left of each; by level where there are several. */
export function LimitTable({ uses, label, isNamed }: LimitTableProps) {
  const t = useTranslations("keyLimits");
  const levels = LEVELS.filter((level) => uses.some((use) => use.level === level));
  const showsLevel = !isNamed && (levels.length > 1 || levels[0] !== "key");
  return (
    <table className={styles.levels} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{t("column.limit")}</th>
          <th scope="col">{t("column.used")}</th>
          <th scope="col" data-align="right">
            {t("column.left")}
          </th>
          <th scope="col" data-align="right">
            {t("column.frees")}
          </th>
        </tr>
      </thead>
      {levels.map((level) => {
        const rows = LIMIT_NAMES.flatMap((name) =>
          uses.filter((use) => use.level === level && use.window === name),
        );
        return (
          <tbody key={level}>
            {showsLevel && (
              <tr data-level>
                <th scope="rowgroup" colSpan={4}>
                  {t(`level.${level}`, { name: rows[0]?.holder ?? "" })}
                </th>
              </tr>
            )}
            {rows.map((use) => (
              <LimitRow key={use.window} use={use} />
            ))}
          </tbody>
        );
      })}
    </table>
  );
}

function LimitRow({ use }: { use: LimitUseOut }) {
  const t = useTranslations("keyLimits");
  const format = useFormat();
  const settled = Math.max(0, use.used - use.reserved) / use.limit;
  const isOver = use.remaining <= 0;
  const text = t("usedOf", {
    used: format.amount(use.used),
    limit: format.amount(use.limit),
  });
  return (
    <tr>
      <th scope="row">{t(`label.${use.window}`)}</th>
      <td data-phone="used">
        <span className={styles.wideMeter}>
          <Meter
            label={text}
            parts={[
              {
                share: settled,
                kind: isOver ? "too-much" : use.percent >= NEARLY ? "main" : "second",
              },
              { share: use.reserved / use.limit, kind: "third" },
            ]}
          />
        </span>
        <span className="xs soft" title={`${format.exact(use.used)} / ${format.exact(use.limit)}`}>
          {text}
          {use.reserved > 0 && ` · ${t("reserved", { amount: format.amount(use.reserved) })}`}
        </span>
      </td>
      <td data-align="right" data-phone="left">
        <b className={isOver ? "bad-ink" : undefined}>{format.amount(use.remaining)}</b>
        <span className="phone-only xs soft"> {t("left")}</span>
      </td>
      <td data-align="right" className="soft xs" data-phone="frees">
        {frees(use, t, format)}
      </td>
    </tr>
  );
}

function frees(
  use: LimitUseOut,
  t: ReturnType<typeof useTranslations<"keyLimits">>,
  format: ReturnType<typeof useFormat>,
): string {
  if (use.window === "parallel") return t("parallelFrees");
  if (use.used === 0) return "";
  if (!use.resets_at) return t("perMinute");
  return use.window.endsWith("minute")
    ? format.relative(use.resets_at)
    : format.dateTime(use.resets_at);
}
