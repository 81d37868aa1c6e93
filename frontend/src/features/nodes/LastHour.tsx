import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { Bone } from "@/ui/Skeleton";
import { ChartLegend, TimeChart } from "@/ui/TimeChart";
import { linesOf } from "./chart";
import { SPANS, type Span, samplesQuery } from "./data";

const HEIGHT = 176;

/** How busy the machine was: processor and memory, in percent. */
export function LastHour({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.chart");
  const [view, setView] = useView();
  const span: Span = view.filter && view.filter in SPANS ? (view.filter as Span) : "1h";
  const query = useQuery(samplesQuery(node.id, span));
  const names = [t("processor"), t("memory")];

  return (
    <Card
      title={t(`title.${span}`)}
      actions={
        <>
          <ChartLegend names={names} />
          <Segments
            label={t("span")}
            choices={(Object.keys(SPANS) as Span[]).map((value) => ({
              value,
              label: t(`spans.${value}`),
            }))}
            value={span}
            onChange={(value) => setView({ filter: value === "1h" ? undefined : value })}
          />
        </>
      }
    >
      <QueryView query={query} skeleton={<Bone height={HEIGHT} />}>
        {(samples) =>
          samples.items.length === 0 ? (
            <p className="sm dim">{t("empty")}</p>
          ) : (
            <Lines
              samples={samples}
              span={span}
              label={t("label", { name: node.name })}
              names={names}
              asOf={query.dataUpdatedAt}
            />
          )
        }
      </QueryView>
    </Card>
  );
}

interface LinesProps {
  samples: { items: Parameters<typeof linesOf>[0]; bucket_seconds: number };
  span: Span;
  label: string;
  names: string[];
  asOf: number;
}

function Lines({ samples, span, label, names, asOf }: LinesProps) {
  const [processor = "", memory = ""] = names;
  const lines = useMemo(
    () =>
      linesOf(samples.items, {
        seconds: SPANS[span],
        bucketSeconds: samples.bucket_seconds,
        now: asOf,
      }),
    [samples, span, asOf],
  );
  const series = useMemo(
    () => [
      { name: processor, values: lines.processor },
      { name: memory, values: lines.memory },
    ],
    [lines, processor, memory],
  );
  const format = useCallback((value: number) => `${Math.round(value)} %`, []);
  return (
    <TimeChart
      label={label}
      times={lines.times}
      series={series}
      kind="line"
      height={HEIGHT}
      top={100}
      format={format}
      formatTime={clock}
    />
  );
}

function clock(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  return [date.getHours(), date.getMinutes()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
