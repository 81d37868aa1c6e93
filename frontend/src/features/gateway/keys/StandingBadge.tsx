import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import type { Standing } from "./standing";

const TONES = {
  works: "good",
  usedUp: "bad",
  near: "attention",
  rotating: "busy",
  expiring: "attention",
  unused: "quiet",
  revoked: "quiet",
  expired: "quiet",
} as const;

interface StandingBadgeProps {
  apiKey: KeyOut;
  standing: Standing;
  bare?: boolean;
  /** Something else stands in its way, such as a limit that it shares. */
  isRefused?: boolean;
}

/** How a key stands, with its number or its moment. */
export function StandingBadge({ apiKey, standing, bare, isRefused }: StandingBadgeProps) {
  const t = useTranslations("keys.standing");
  const format = useFormat();
  if (isRefused && standing.kind !== "usedUp") {
    return <StateBadge {...(bare ? { bare } : {})} state="failed" label={t("refused")} />;
  }
  const label = (() => {
    switch (standing.kind) {
      case "works":
        return t("works");
      case "usedUp":
        return t(`usedUp.${standing.window}`);
      case "near":
        return t(`near.${standing.window}`, { share: format.share(standing.share) });
      case "rotating":
        return t("rotating", { moment: format.moment(standing.until) });
      case "expiring":
        return t("expiring", { moment: format.relative(standing.at) });
      case "unused":
        return t("unused", { days: String(standing.days) });
      case "revoked":
      case "expired":
        return t(standing.kind, { moment: format.moment(apiKey.state_since) });
    }
  })();
  return (
    <StateBadge
      {...(bare ? { bare } : {})}
      state={apiKey.state}
      tone={TONES[standing.kind]}
      label={label}
    />
  );
}
