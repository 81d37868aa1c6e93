import { useState } from "react";
import { useTranslations } from "use-intl";
import { useStepTitle } from "@/components/operation/useStepTitle";
import { StepList, type StepRow } from "@/components/StepList";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import type { OperationDetail } from "./data";
import styles from "./operations.module.css";
import { currentStep, type StepLike } from "./progress";
import { usePhone } from "./usePhone";
import { useStepTime } from "./useStepTime";

const SHOWN_ON_A_PHONE = 3;

/** What is done, what runs and what is to come. Choosing a step takes the log there. */
export function StepsCard({ operation, now }: { operation: OperationDetail; now: number }) {
  const t = useTranslations("operations.steps");
  const words = useTranslations("components.steps");
  const timeOf = useStepTime();
  const titleOf = useStepTitle(operation.kind);
  const [view, setView] = useView();
  const [isWhole, setWhole] = useState(false);
  const isPhone = usePhone();
  const { steps } = operation;
  const current = currentStep(steps);
  if (steps.length === 0) return null;

  const hasEnded = operation.state !== "running" && operation.state !== "queued";
  const isCut = isPhone && !isWhole && steps.length > SHOWN_ON_A_PHONE;
  const shown = isCut ? around(steps, current) : steps;

  function rowOf(step: (typeof steps)[number]): StepRow {
    const isCurrent = step === current && step.state === "running";
    return {
      key: step.name,
      number: step.position,
      title: titleOf(step),
      detail:
        (isCurrent && operation.progress_text) ||
        step.detail ||
        (step.state === "pending" && hasEnded ? words("notStarted") : ""),
      time: timeOf(step, now),
      state: step.state as StepRow["state"],
    };
  }

  return (
    <Card fill="flush" className={styles.steps}>
      <StepList
        steps={shown.map(rowOf)}
        selected={
          view.step ?? (hasEnded && operation.state !== "failed" ? undefined : current?.name)
        }
        onSelect={(name) =>
          setView({ step: name === view.step ? undefined : name, line: undefined })
        }
      />
      {isPhone && steps.length > SHOWN_ON_A_PHONE && (
        <Button size="sm" kind="ghost" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t("fewer") : t("all", { count: steps.length })}
        </Button>
      )}
    </Card>
  );
}

/** The two steps before the current one and itself. */
function around<Step extends StepLike>(steps: readonly Step[], current: Step | undefined): Step[] {
  const index = current ? steps.indexOf(current) : steps.length - 1;
  const from = Math.max(0, Math.min(index - 2, steps.length - SHOWN_ON_A_PHONE));
  return steps.slice(from, from + SHOWN_ON_A_PHONE);
}
