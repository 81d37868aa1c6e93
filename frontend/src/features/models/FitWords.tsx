import { useTranslations } from "use-intl";
import type { FitSummaryOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { TwoLines } from "@/ui/DataTable";

/** Whether the best node can hold it, and with how much to spare. */
export function FitWords({ fit }: { fit: FitSummaryOut | null | undefined }) {
  const t = useTranslations("models");
  const format = useFormat();
  if (!fit) return <span className="dim">·</span>;
  if (fit.fits) {
    return (
      <TwoLines note={t("toSpare", { size: format.bytes(fit.spare_bytes) })}>
        <StateBadge bare state="ready" label={t("fits", { node: fit.node })} />
      </TwoLines>
    );
  }
  return (
    <TwoLines note={t("tooBig", { size: format.bytes(-fit.spare_bytes), node: fit.node })}>
      <StateBadge bare state="failed" label={t("doesNotFit")} />
    </TwoLines>
  );
}
