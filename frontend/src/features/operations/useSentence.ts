import { useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import type { OperationDetail } from "./data";
import { currentStep, doneCount } from "./progress";

/** Who began it and when, how far it came, and what stays: one line under the title. */
export function useSentence(operation: OperationDetail): string {
  const t = useTranslations("operations");
  const format = useFormat();
  const done = doneCount(operation.steps);
  const step = currentStep(operation.steps);
  const parts = [
    t("sub.started", {
      who: operation.requested_by || t("byHearth"),
      at: format.moment(operation.created_at),
    }),
  ];
  const took =
    operation.started_at && operation.finished_at
      ? Date.parse(operation.finished_at) - Date.parse(operation.started_at)
      : null;
  const duration = format.duration(took);

  if (operation.state === "queued") {
    parts.push(t("sub.waiting", { at: format.moment(operation.state_since) }));
  } else if (operation.state === "running") {
    if (operation.cancel_requested_at) {
      parts.push(t("sub.cancelling", { at: format.moment(operation.cancel_requested_at) }));
    } else {
      if (operation.attempt > 1) {
        const at = format.moment(operation.state_since);
        parts.push(t("sub.attempt", { number: String(operation.attempt), at }));
      }
      parts.push(t("sub.running"));
    }
  } else if (operation.state === "failed") {
    parts.push(
      step && operation.steps.length > 1
        ? t("sub.stopped", {
            step: String(step.position),
            count: String(operation.steps.length),
            duration,
          })
        : t("sub.stoppedEarly", { duration }),
    );
    if (done > 0) parts.push(t("sub.kept", { to: done }));
  } else if (operation.state === "cancelled") {
    parts.push(took === null ? t("sub.cancelledEarly") : t("sub.cancelled", { duration }));
    if (done > 0) parts.push(t("sub.kept", { to: done }));
  } else if (operation.finished_at) {
    parts.push(t("sub.succeeded", { at: format.moment(operation.finished_at), duration }));
  }
  return parts.join(" · ");
}
