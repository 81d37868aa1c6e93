import { useBlocker } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { ConfirmDialog } from "@/components/ConfirmDialog";

interface UnsavedGuardProps {
  isOn: boolean;
  name: string;
}

/** Leaving the page with changes that were not saved is asked about; its tabs and dialogs are not. */
export function UnsavedGuard({ isOn, name }: UnsavedGuardProps) {
  const t = useTranslations("routes.guard");
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isOn && current.pathname !== next.pathname,
    enableBeforeUnload: isOn,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      open={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title={t("title", { name })}
      consequences={[t("lost"), t("stays")]}
      back={t("stay")}
      confirm={t("leave")}
      onConfirm={() => blocker.proceed?.()}
    />
  );
}
