import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { Stats } from "@/ui/Stats";
import { usageQuery } from "../usage/queries";
import { startOfDay } from "../usage/spans";

const MINUTE_MS = 60_000;

/** The day so far, of all keys together. */
export function Today() {
  const t = useTranslations("keys.today");
  const format = useFormat();
  const now = useTick(MINUTE_MS);
  const from = new Date(startOfDay(now)).toISOString();
  const sum = useQuery(usageQuery({ group_by: "day", from })).data?.total;
  if (!sum) return null;
  const tokens = format.shortCount(sum.prompt_tokens + sum.completion_tokens).split(/\s/);
  const first = format.duration(sum.first_byte_ms).split(/\s/);
  return (
    <Stats
      items={[
        {
          label: t("requests"),
          value: format.exact(sum.requests),
          below: t("failed", { count: sum.failed }),
        },
        {
          label: t("tokens"),
          value: tokens[0],
          unit: tokens[1],
          below: t("inOut", {
            in: format.shortCount(sum.prompt_tokens),
            out: format.shortCount(sum.completion_tokens),
          }),
        },
        { label: t("firstToken"), value: first[0], unit: first[1], below: t("mean") },
        {
          label: t("answered"),
          value: sum.requests > 0 ? format.share((sum.requests - sum.failed) / sum.requests) : "·",
          below: t("ofAll"),
        },
      ]}
    />
  );
}
