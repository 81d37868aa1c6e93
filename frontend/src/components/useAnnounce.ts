import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { showToast } from "@/ui/toasts";

/** Says that long work has started and offers to open it. The work goes on without the page. */
export function useAnnounceOperation() {
  const t = useTranslations("components.operation");
  const navigate = useNavigate();
  return (operation: { id: string }, title: string) =>
    showToast({
      tone: "good",
      text: t("started", { title }),
      action: {
        label: t("open"),
        run: () =>
          void navigate({
            to: "/operations/$operationId",
            params: { operationId: operation.id },
            search: {},
          }),
      },
    });
}
