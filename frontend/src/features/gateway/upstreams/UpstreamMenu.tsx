import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { PencilIcon, RetryIcon, TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { ChangeUpstreamDialog } from "./ChangeUpstreamDialog";
import { useProbe, useRemove } from "./useUpstreamDeeds";

/** Everything that can be done with an upstream, from its row or its page. */
export function UpstreamMenu({ row, large }: { row: UpstreamOut; large?: boolean }) {
  const t = useTranslations("upstreams.menu");
  const navigate = useNavigate();
  const [asks, setAsks] = useState<"change" | "remove" | null>(null);
  const onClose = () => setAsks(null);
  const probe = useProbe(row);
  const remove = useRemove(row, () => {
    onClose();
    void navigate({ to: "/upstreams", search: {} });
  });
  return (
    <>
      <Menu
        label={t("more", { name: row.name })}
        {...(large ? { size: "md" } : {})}
        items={[
          {
            label: t("showRequests"),
            onSelect: () => void navigate({ to: "/requests", search: { q: row.name } }),
          },
          ...(large
            ? []
            : [
                {
                  label: t("probe"),
                  icon: RetryIcon,
                  disabledReason: reasonAgainst(row, "probe_upstream"),
                  onSelect: () => probe.mutate(),
                },
                {
                  label: t("change"),
                  icon: PencilIcon,
                  disabledReason: reasonAgainst(row, "change_upstream"),
                  onSelect: () => setAsks("change"),
                },
              ]),
          {
            label: t("remove"),
            icon: TrashIcon,
            danger: true,
            disabledReason: reasonAgainst(row, "remove_upstream"),
            onSelect: () => setAsks("remove"),
          },
        ]}
      />
      {asks === "change" && <ChangeUpstreamDialog upstream={row} onClose={onClose} />}
      <ConfirmDialog
        open={asks === "remove"}
        onClose={onClose}
        title={t("removeTitle", { name: row.name })}
        consequences={[
          t("removeModels", { count: row.models.length }),
          ...(row.has_api_key ? [t("removeKey")] : []),
          t("removeHistory"),
        ]}
        confirm={t("removeConfirm", { name: row.name })}
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      />
    </>
  );
}
