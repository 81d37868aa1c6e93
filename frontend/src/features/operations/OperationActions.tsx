import { useTranslations } from "use-intl";
import { isAllowed, reasonAgainst } from "@/components/allowed";
import { subjectAddress } from "@/components/operation/subjectAddress";
import { useView } from "@/components/useView";
import { Button, ButtonLink } from "@/ui/Button";
import { RetryIcon, SquareIcon } from "@/ui/icons";
import { type OperationDetail, useRetryOperation } from "./data";
import { nextStep } from "./progress";

/** Open what it is about; cancel while it runs, retry once it has ended badly. */
export function OperationActions({ operation }: { operation: OperationDetail }) {
  const t = useTranslations("operations");
  const [, setView] = useView();
  const address = subjectAddress(operation);
  const isOpen = operation.state === "running" || operation.state === "queued";
  const isCancelling = isOpen && Boolean(operation.cancel_requested_at);
  const canEnd = operation.state === "failed" || operation.state === "cancelled";

  return (
    <>
      {address && (
        <ButtonLink to={address.to} params={address.params as never} search={{} as never}>
          {t("open", { name: operation.subject_name })}
        </ButtonLink>
      )}
      {isOpen && (
        <Button
          kind="danger"
          icon={SquareIcon}
          busy={isCancelling}
          disabledReason={reasonAgainst(operation, "cancel_operation")}
          onClick={() => setView({ dialog: "cancel" })}
        >
          {isCancelling ? t("cancelling") : t("cancel")}
        </Button>
      )}
      {(canEnd || isAllowed(operation, "retry_operation")) && <RetryButton operation={operation} />}
    </>
  );
}

export function RetryButton({
  operation,
  size,
}: {
  operation: OperationDetail;
  size?: "sm" | "md";
}) {
  const t = useTranslations("operations");
  const [, setView] = useView();
  const retry = useRetryOperation(operation.id);
  const step = nextStep(operation.steps);
  return (
    <Button
      kind="go"
      icon={RetryIcon}
      {...(size ? { size } : {})}
      busy={retry.isPending}
      disabledReason={reasonAgainst(operation, "retry_operation")}
      onClick={() => {
        setView({ step: undefined, line: undefined });
        retry.mutate();
      }}
    >
      {step && step.position > 1 ? t("retry", { step: String(step.position) }) : t("retryAll")}
    </Button>
  );
}
