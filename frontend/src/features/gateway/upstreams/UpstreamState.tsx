import { useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";

/** What is so right now: what the gateway meets there goes before what the last probe found. */
export function UpstreamState({ row, bare }: { row: UpstreamOut; bare?: boolean }) {
  const t = useTranslations("upstreams.state");
  const look = bare ? { bare: true } : {};
  const circuit = row.circuits[0];
  if (circuit?.state === "open") return <StateBadge {...look} state="failed" label={t("open")} />;
  if (circuit) return <StateBadge {...look} state="waiting" label={t("halfOpen")} />;
  if (row.state === "reachable") return <StateBadge {...look} state="ready" label={t("answers")} />;
  if (row.state === "unknown") {
    return <StateBadge {...look} state="unknown" label={t("unknown")} />;
  }
  return <StateBadge {...look} state="unreachable" label={t("silent")} />;
}

/** Whether what is sent there stays among the owner's machines. */
export function HouseTag({ leaves }: { leaves: boolean }) {
  const t = useTranslations("upstreams");
  return leaves ? (
    <span className="tag ember">{t("leaves")}</span>
  ) : (
    <span className="tag">{t("stays")}</span>
  );
}
