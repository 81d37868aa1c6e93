import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { StateBadge } from "@/components/StateBadge";
import { Card } from "@/ui/Card";
import { endingsQuery, type OperationDetail } from "./data";
import styles from "./operations.module.css";
import { type Attempt, attemptsOf } from "./progress";

/** How often it was tried and how far each try came. Not shown for a first one. */
export function Attempts({ operation }: { operation: OperationDetail }) {
  const t = useTranslations("operations.attempts");
  const hasEarlier = operation.attempt > 1;
  const endings = useQuery({ ...endingsQuery(operation.id), enabled: hasEarlier }).data ?? [];
  if (!hasEarlier) return null;

  function reach({ from, to, isCurrent }: Attempt): string {
    if (isCurrent && from !== null) return t("from", { from: String(from) });
    if (to === null) return t("none");
    return t("steps", {
      same: (from ?? 1) === to ? "yes" : "no",
      from: String(from ?? 1),
      to: String(to),
    });
  }

  return (
    <Card title={t("title")} fill="flush" className="desk">
      <ul className={`list ${styles.attempts}`}>
        {attemptsOf(operation, operation.steps).map((attempt) => (
          <li key={attempt.number}>
            <b className="medium">{attempt.number}</b>
            <span className="soft grow">{reach(attempt)}</span>
            {attempt.isCurrent ? (
              <StateBadge bare state={operation.state} />
            ) : (
              <StateBadge
                bare
                {...(endings[attempt.number - 1]
                  ? { state: endings[attempt.number - 1] as string }
                  : { state: "stopped", label: t("ended") })}
              />
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
