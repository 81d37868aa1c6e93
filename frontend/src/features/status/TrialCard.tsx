import { useTranslations } from "use-intl";
import type { TrialOut } from "@/api/generated/schema";
import { StepList, type StepRow } from "@/components/StepList";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";

/** Where one real request went, and where it stopped. */
export function TrialCard({ trial }: { trial: TrialOut }) {
  const t = useTranslations("status");
  const format = useFormat();
  const word = ({ name, title }: { name: string; title: string }) => {
    const key = `trialStep.${name}` as "trialStep.database";
    return t.has(key) ? t(key) : title;
  };
  const stopped = trial.steps.find((step) => !step.passed);
  const total = trial.steps.reduce((sum, step) => sum + step.milliseconds, 0);
  const rows = trial.steps.map(
    (step): StepRow => ({
      key: step.name,
      title: word(step),
      detail: [step.evidence, step.fix].filter(Boolean).join(" "),
      time: format.duration(step.milliseconds),
      state: step.passed ? "succeeded" : "failed",
    }),
  );
  return (
    <Card
      title={t("trial.title")}
      note={
        stopped
          ? t("trial.stopped", { step: word(stopped) })
          : t("trial.passed", { duration: format.duration(total) })
      }
    >
      <div role="status">
        <StepList steps={rows} />
      </div>
    </Card>
  );
}
