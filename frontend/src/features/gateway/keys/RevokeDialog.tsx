import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useFormat } from "@/i18n/useFormat";
import { showToast } from "@/ui/toasts";
import { revokeKey } from "./queries";

interface RevokeDialogProps {
  apiKey: KeyOut;
  open: boolean;
  onClose: () => void;
}

/** A revoked key does not come back, so it is said first who still uses it. */
export function RevokeDialog({ apiKey, open, onClose }: RevokeDialogProps) {
  const t = useTranslations("keys.revoke");
  const format = useFormat();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => revokeKey(apiKey.id),
    onSuccess: () => {
      showToast({ tone: "good", text: t("done", { name: apiKey.name }) });
      void queryClient.invalidateQueries({ queryKey: ["key"] });
      onClose();
    },
  });
  const recent = apiKey.use.hours.reduce((sum, hour) => sum + hour, 0);
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={t("title", { name: apiKey.name })}
      consequences={[
        apiKey.state === "rotating" ? t("bothStop") : t("stops"),
        apiKey.last_used_at
          ? t("lastUsed", { moment: format.relative(apiKey.last_used_at) })
          : t("neverUsed"),
        ...(recent > 0 ? [t("used24h", { count: recent })] : []),
        t("forGood"),
        t("instead"),
      ]}
      confirm={t("confirm", { name: apiKey.name })}
      onConfirm={() => revoke.mutate()}
      busy={revoke.isPending}
      error={revoke.error}
    />
  );
}
