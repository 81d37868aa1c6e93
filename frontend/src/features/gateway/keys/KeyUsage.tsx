import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { Bone } from "@/ui/Skeleton";
import { ChartLegend, TimeChart } from "@/ui/TimeChart";
import { seriesQuery } from "../usage/queries";
import { rangeOf } from "../usage/spans";
import { useStepWords } from "../usage/useStepWords";

const SPANS = ["24h", "7d", "30d"] as const;
const WORDS = { "24h": "days1", "7d": "days7", "30d": "days30" } as const;
const HEIGHT = 168;
const MINUTE_MS = 60_000;

/** What this key has used, in and out. */
export function KeyUsage({ keyId }: { keyId: number }) {
  const t = useTranslations("keys.page");
  const format = useFormat();
  const [span, setSpan] = useState<(typeof SPANS)[number]>("7d");
  const { from, to, step } = rangeOf(span, useTick(MINUTE_MS));
  const sayStep = useStepWords(step);
  const query = useQuery(seriesQuery({ key_id: keyId, group_by: "model", from, to, step }));
  const total = query.data?.total;
  const times = useMemo(
    () => query.data?.times.map((at) => Date.parse(at) / 1000) ?? [],
    [query.data],
  );
  const names = [t("tokensIn"), t("tokensOut")] as const;
  const series = useMemo(
    () =>
      total
        ? [
            { name: t("tokensIn"), values: total.prompt_tokens },
            { name: t("tokensOut"), values: total.completion_tokens },
          ]
        : [],
    [total, t],
  );
  const sum = (values: readonly number[] | undefined) =>
    values?.reduce((all, value) => all + value, 0) ?? 0;
  const requests = sum(total?.requests);
  return (
    <Card
      title={step === "hour" ? t("usageHours") : t("usage")}
      note={total && requests > 0 && t("inAll", { requests, failed: sum(total.failed) })}
      actions={
        <>
          <ChartLegend names={names} />
          <Segments
            label={t("usageSpan")}
            value={span}
            choices={SPANS.map((value) => ({ value, label: t(WORDS[value]) }))}
            onChange={setSpan}
          />
        </>
      }
    >
      {!total ? (
        <Bone height={HEIGHT} />
      ) : requests === 0 ? (
        <p className="sm soft">{t("noUsage")}</p>
      ) : (
        <TimeChart
          label={t("usageLabel")}
          kind="bars"
          height={HEIGHT}
          times={times}
          series={series}
          format={format.shortCount}
          formatTime={sayStep}
          atLeast={30}
        />
      )}
    </Card>
  );
}
