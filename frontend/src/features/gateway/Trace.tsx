import { useLocale, useTranslations } from "use-intl";
import { StateMark } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import type { Tone } from "@/ui/Mark";
import { sayMilliseconds } from "./milliseconds";
import styles from "./Trace.module.css";
import { useCauseWords } from "./useCauseWords";

/** A decision on a request's way, as the gateway wrote it down. */
export interface Decision {
  at_ms?: number | null;
  step: string;
  target?: string;
  outcome?: string;
  reason?: string;
}

const TONE: Record<string, Tone> = {
  picked: "good",
  failed: "bad",
  skipped: "quiet",
  fallback: "attention",
  waited: "busy",
};

/** What was tried, in order, and why it moved on. */
export function Trace({ decisions }: { decisions: readonly Decision[] }) {
  const say = useDecisionWords();
  const format = useFormat();
  const locale = useLocale();
  return (
    <ol className={styles.trace}>
      {decisions.map((decision, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what has happened keeps its place
        <li key={index}>
          <StateMark tone={TONE[decision.step] ?? "quiet"} />
          <span className="grow">
            {say(decision)}
            {decision.reason && decision.step !== "skipped" && decision.step !== "fallback" && (
              <small className="dim break">{decision.reason}</small>
            )}
          </span>
          <span className="dim xs nowrap">
            {decision.at_ms == null ? "" : sayMilliseconds(decision.at_ms, format.duration, locale)}
          </span>
        </li>
      ))}
    </ol>
  );
}

function useDecisionWords() {
  const t = useTranslations("gateway.trace");
  const causes = useCauseWords();
  return ({ step, target = "", outcome = "", reason = "" }: Decision): string => {
    switch (step) {
      case "picked":
        return t("picked", { target, status: outcome });
      case "failed":
        return t("failed", { target, cause: causes.short(outcome) });
      case "skipped":
        return t("skipped", { target, reason });
      case "fallback":
        return t("fallback", { target, cause: causes.short(outcome) });
      case "waited":
        return t("waited", { target, outcome });
      default:
        return [step, target, outcome].filter(Boolean).join(": ");
    }
  };
}
