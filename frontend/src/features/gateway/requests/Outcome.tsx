import { useTranslations } from "use-intl";
import type { RequestOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";

const CLIENT_LEFT = 499;

/** How a request ended, in a word and with its number. */
export function Outcome({ request, bare }: { request: RequestOut; bare?: boolean }) {
  const t = useTranslations("requests.outcome");
  const look = bare ? { bare: true } : {};
  const status = String(request.status);
  if (request.status === CLIENT_LEFT) {
    return <StateBadge {...look} state="cancelled" label={t("left")} />;
  }
  if (request.status >= 500) {
    return <StateBadge {...look} state="failed" label={t("broke", { status })} />;
  }
  if (request.status >= 400) {
    return <StateBadge {...look} state="waiting" label={t("refused", { status })} />;
  }
  if (request.error) return <StateBadge {...look} state="failed" label={t("brokeOff")} />;
  if (request.fallback_reason) {
    return <StateBadge {...look} state="succeeded" tone="attention" label={t("fellBack")} />;
  }
  return <StateBadge {...look} state="succeeded" label={t("answered")} />;
}
