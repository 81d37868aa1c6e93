import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { Bone } from "@/ui/Skeleton";
import { TimeChart } from "@/ui/TimeChart";
import { seriesQuery } from "./queries";
import type { Step } from "./spans";
import { useStepWords } from "./useStepWords";
import { type Group, MEASURES, type Measure } from "./view";

export const TOP = 5;
const HEIGHT = 220;

interface UsageChartProps {
  asked: { from: string; to: string } & Record<string, string | number>;
  step: Step;
  group: Group;
  measure: Measure;
}

/** The busiest groups over time, the rest together. Its colours are those of the table's rows. */
export function UsageChart({ asked, step, group, measure }: UsageChartProps) {
  const t = useTranslations("usage");
  const format = useFormat();
  const sayStep = useStepWords(step);
  const [, setView] = useView();
  const query = useQuery(seriesQuery({ ...asked, group_by: group, step, top: TOP }));
  const data = query.data;
  const times = useMemo(() => data?.times.map((at) => Date.parse(at) / 1000) ?? [], [data]);
  const series = useMemo(
    () =>
      data?.series.map((one) => ({
        name: one.rest ? t("rest") : one.name || t("withoutName"),
        values:
          measure === "requests"
            ? one.requests
            : one.prompt_tokens.map(
                (tokens, index) => tokens + (one.completion_tokens[index] ?? 0),
              ),
      })) ?? [],
    [data, measure, t],
  );
  return (
    <Card
      title={t(`chartOf.${measure}.${step}`)}
      actions={
        <Segments
          label={t("measure")}
          value={measure}
          choices={MEASURES.map((value) => ({ value, label: t(value) }))}
          onChange={(value) => setView({ measure: value === MEASURES[0] ? undefined : value })}
        />
      }
    >
      {data ? (
        <TimeChart
          label={t(`chartOf.${measure}.${step}`)}
          height={HEIGHT}
          kind="bars"
          times={times}
          series={series}
          format={format.shortCount}
          formatTime={sayStep}
          atLeast={measure === "requests" ? 3 : 30}
        />
      ) : (
        <Bone height={HEIGHT} />
      )}
    </Card>
  );
}
