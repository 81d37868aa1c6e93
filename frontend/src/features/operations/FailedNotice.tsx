import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { stripAnsi } from "@/components/ansi";
import { EMPTY_LOG } from "@/components/logBuffer";
import { Notice } from "@/components/Notice";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { logQuery, type OperationDetail } from "./data";
import { RetryButton } from "./OperationActions";
import { currentStep, nextStep } from "./progress";

const LINES_IN_REPORT = 20;

/** The cause, what to do about it, and what a retry would run again. */
export function FailedNotice({ operation, title }: { operation: OperationDetail; title: string }) {
  const t = useTranslations("operations");
  const [, setView] = useView();
  const lines = (useQuery(logQuery(operation.id)).data ?? EMPTY_LOG).lines;
  const lastError = lines.findLast((line) => line.level === "error");
  const from = nextStep(operation.steps)?.position ?? 1;
  const cause = operation.error || operation.state_reason || t("failed.noReason");

  function report(): string {
    const step = currentStep(operation.steps);
    const said = lines
      .slice(-LINES_IN_REPORT)
      .map((line) => `${line.sequence}\t${line.at}\t${stripAnsi(line.text)}`);
    return [
      title,
      cause,
      operation.fix,
      step && `step ${step.position} of ${operation.steps.length}: ${step.title}`,
      `operation ${operation.id} (${operation.kind}), attempt ${operation.attempt}`,
      operation.finished_at && `at ${operation.finished_at}`,
      window.location.href,
      "",
      ...said,
    ]
      .filter((line) => line !== undefined && line !== null)
      .join("\n");
  }

  return (
    <Notice
      tone="bad"
      title={cause}
      corner={<CopyButton text={report} label={t("failed.copyError")} />}
      actions={
        <>
          <RetryButton operation={operation} size="sm" />
          {lastError && (
            <Button
              size="sm"
              onClick={() => setView({ line: String(lastError.sequence), step: undefined })}
            >
              {t("failed.showError")}
            </Button>
          )}
        </>
      }
    >
      <p>
        {operation.fix || t("failed.noFix")} {t("failed.again", { from })}
      </p>
    </Notice>
  );
}
