import { useTranslations } from "use-intl";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useStepTitle } from "@/components/operation/useStepTitle";
import { useView } from "@/components/useView";
import { type OperationDetail, useCancelOperation } from "./data";
import { currentStep, doneCount } from "./progress";

/** Says before cancelling what is stopped, what stays done, and that it can be taken up again. */
export function CancelDialog({ operation, title }: { operation: OperationDetail; title: string }) {
  const t = useTranslations("operations.confirm");
  const [view, setView] = useView();
  const titleOf = useStepTitle(operation.kind);
  const cancel = useCancelOperation(operation.id);
  const step = currentStep(operation.steps);
  const done = doneCount(operation.steps);
  const isRunning = operation.state === "running";
  const isOpen = view.dialog === "cancel" && (isRunning || operation.state === "queued");
  const close = () => setView({ dialog: undefined });

  const consequences = isRunning
    ? [
        step ? t("stops", { step: String(step.position), title: titleOf(step) }) : t("stopsNow"),
        ...(done > 0 ? [t("keeps", { to: done })] : []),
        t("later"),
      ]
    : [t("queued"), t("later")];

  return (
    <ConfirmDialog
      open={isOpen}
      onClose={close}
      title={t("title", { title })}
      consequences={consequences}
      confirm={isRunning && step ? t("confirm", { step: String(step.position) }) : t("confirmAll")}
      back={t("back")}
      onConfirm={() => cancel.mutate(undefined, { onSuccess: close })}
      busy={cancel.isPending}
      error={cancel.error}
    />
  );
}
