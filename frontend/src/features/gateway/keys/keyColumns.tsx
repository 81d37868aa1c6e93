import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { type Column, NameCell } from "@/ui/DataTable";
import { TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { Meter } from "@/ui/Meter";
import styles from "../gateway.module.css";
import { RevokeDialog } from "./RevokeDialog";

const UNUSED_DAYS = 30;
const DAY_MS = 86_400_000;

/** `tokensToday` by key; null while it is not known. */
export function useKeyColumns(tokensToday: Map<number, number> | null): Column<KeyOut>[] {
  const t = useTranslations("keys.list");
  const format = useFormat();
  const most = Math.max(1, ...(tokensToday?.values() ?? []));
  return [
    {
      key: "name",
      head: t("column.key"),
      phone: "name",
      cell: (row) => <NameCell name={row.name} note={`${row.prefix}…`} mono />,
    },
    {
      key: "for",
      head: t("column.for"),
      cell: (row) => <span className="soft">{row.owner}</span>,
    },
    {
      key: "models",
      head: t("column.models"),
      cell: (row) => (
        <span className={`soft clip ${styles.models}`} title={row.models?.join(", ")}>
          {row.models ? row.models.join(", ") : t("allModels")}
        </span>
      ),
    },
    {
      key: "tokens",
      head: t("column.tokens"),
      phone: "number",
      cell: (row) => {
        const tokens = tokensToday?.get(row.id) ?? 0;
        if (!tokensToday) return <span className="dim">·</span>;
        if (tokens === 0) return <span className="xs dim">{t("none")}</span>;
        const text = format.shortCount(tokens);
        return (
          <span className="row">
            <span className={`${styles.meter} desk`}>
              <Meter label={t("tokensToday", { tokens: text })} share={tokens / most} />
            </span>
            <span className="xs soft">{text}</span>
          </span>
        );
      },
    },
    {
      key: "used",
      head: t("column.used"),
      cell: (row) => (
        <span className="soft xs">
          {row.last_used_at ? format.relative(row.last_used_at) : t("never")}
        </span>
      ),
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (row) => <KeyState row={row} />,
    },
    {
      key: "expires",
      head: t("column.expires"),
      align: "right",
      cell: (row) => (
        <span className="dim xs">
          {row.state === "revoked" ? "" : row.expires_at ? format.day(row.expires_at) : t("never")}
        </span>
      ),
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <KeyMenu row={row} />,
    },
  ];
}

function KeyState({ row }: { row: KeyOut }) {
  const t = useTranslations("keys.list");
  const format = useFormat();
  if (row.state !== "active") {
    const label = row.state === "revoked" ? "revokedOn" : "expiredOn";
    return (
      <StateBadge
        bare
        state={row.state}
        label={t(label, { moment: format.moment(row.state_since) })}
      />
    );
  }
  const idleSince = Date.parse(row.last_used_at ?? row.created_at);
  const idleDays = Math.floor((Date.now() - idleSince) / DAY_MS);
  if (idleDays >= UNUSED_DAYS) {
    return (
      <StateBadge
        bare
        state="active"
        tone="quiet"
        label={t("unused", { days: String(idleDays) })}
      />
    );
  }
  return <StateBadge bare state="active" />;
}

function KeyMenu({ row }: { row: KeyOut }) {
  const t = useTranslations("keys.list");
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const against = reasonAgainst(row, "revoke_key");
  return (
    <>
      <Menu
        label={t("more", { name: row.name })}
        items={[
          {
            label: t("showRequests"),
            onSelect: () => void navigate({ to: "/requests", search: { subject: String(row.id) } }),
          },
          {
            label: t("revoke"),
            icon: TrashIcon,
            danger: true,
            disabledReason: against,
            onSelect: () => setAsks(true),
          },
        ]}
      />
      <RevokeDialog apiKey={row} open={asks} onClose={() => setAsks(false)} />
    </>
  );
}
