import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { PencilIcon, RetryIcon, TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { ChangeKeyDialog } from "./ChangeKeyDialog";
import { RevokeDialog } from "./RevokeDialog";
import { RotateDialog } from "./RotateDialog";

type Asks = "change" | "rotate" | "revoke" | null;

/** Everything that can be done with a key, from its row or its page. */
export function KeyMenu({ row, large }: { row: KeyOut; large?: boolean }) {
  const t = useTranslations("keys.list");
  const navigate = useNavigate();
  const [asks, setAsks] = useState<Asks>(null);
  const onClose = () => setAsks(null);
  return (
    <>
      <Menu
        label={t("more", { name: row.name })}
        {...(large ? { size: "md" } : {})}
        items={[
          ...(large
            ? []
            : [
                {
                  label: t("open"),
                  onSelect: () =>
                    void navigate({ to: "/keys/$keyId", params: { keyId: String(row.id) } }),
                },
              ]),
          {
            label: t("showRequests"),
            onSelect: () => void navigate({ to: "/requests", search: { subject: String(row.id) } }),
          },
          {
            label: t("change"),
            icon: PencilIcon,
            disabledReason: reasonAgainst(row, "change_key"),
            onSelect: () => setAsks("change"),
          },
          {
            label: t("rotate"),
            icon: RetryIcon,
            disabledReason: reasonAgainst(row, "rotate_key"),
            onSelect: () => setAsks("rotate"),
          },
          {
            label: t("revoke"),
            icon: TrashIcon,
            danger: true,
            disabledReason: reasonAgainst(row, "revoke_key"),
            onSelect: () => setAsks("revoke"),
          },
        ]}
      />
      {asks === "change" && <ChangeKeyDialog apiKey={row} onClose={onClose} />}
      {asks === "rotate" && <RotateDialog apiKey={row} onClose={onClose} />}
      <RevokeDialog apiKey={row} open={asks === "revoke"} onClose={onClose} />
    </>
  );
}
