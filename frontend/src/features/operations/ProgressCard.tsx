import { useTranslations } from "use-intl";
import { useStepTitle } from "@/components/operation/useStepTitle";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { Meter } from "@/ui/Meter";
import type { OperationDetail } from "./data";
import styles from "./operations.module.css";
import { currentStep, shareDone, timeLeft } from "./progress";

const ENDED = ["succeeded", "failed", "cancelled"] as const;

/** The step that counts, the share that is done, and the time left where it is known. */
export function ProgressCard({ operation, now }: { operation: OperationDetail; now: number }) {
  const t = useTranslations("operations.progress");
  const format = useFormat();
  const titleOf = useStepTitle(operation.kind);
  const step = currentStep(operation.steps);
  const share = shareDone(operation, operation.steps);
  const left = timeLeft(operation, step, now);
  const end = ENDED.find((state) => state === operation.state);

  return (
    <Card>
      <div className={styles.progress}>
        <span className="clip">
          <b>
            {end
              ? t(`ended.${end}`)
              : operation.state === "queued"
                ? t("waiting")
                : step
                  ? t("step", {
                      step: String(step.position),
                      count: String(operation.steps.length),
                    })
                  : t("noSteps")}
          </b>{" "}
          <span className="soft">{!end && step && titleOf(step)}</span>
        </span>
        <span className="soft nowrap">
          {format.share(share)}
          {left !== null && ` · ${t("left", { estimate: format.estimate(left) })}`}
        </span>
      </div>
      <Meter
        label={format.share(share)}
        parts={[{ share, kind: end === "succeeded" ? "good" : end ? "quiet" : "main" }]}
      />
      {/* Read out at each quarter and at the end, never at each line. */}
      <p className="visually-hidden" role="status">
        {end
          ? t(`ended.${end}`)
          : t("announce", { share: format.share(Math.floor(share * 4) / 4) })}
      </p>
    </Card>
  );
}
