import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import { lastHourQuery } from "@/api/fleet";
import type { UsageSeriesOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { QueryView } from "@/components/QueryView";
import { formatMoment } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ChartLegend, TimeChart } from "@/ui/TimeChart";

export function TokensCard() {
  const t = useTranslations("home.tokens");
  const maySee = useMay("view_usage");
  const query = useQuery({ ...lastHourQuery, enabled: maySee });
  if (!maySee) return null;
  return <QueryView query={query}>{(hour) => <Speed hour={hour} title={t("title")} />}</QueryView>;
}

/** Only who said something: a refused name is no line. */
function drawn({ times, series }: UsageSeriesOut) {
  return {
    times: times.map((at) => Date.parse(at) / 1000),
    series: series
      .map((one) => ({ name: one.rest ? "…" : one.name, values: one.tokens_per_second }))
      .filter((one) => one.values.some((speed) => speed > 0)),
  };
}

interface SpeedProps {
  hour: UsageSeriesOut;
  title: string;
}

const whole = (value: number) => String(Math.round(value * 10) / 10);

function Speed({ hour, title }: SpeedProps) {
  const t = useTranslations("home.tokens");
  const language = useLocale();
  const { times, series } = useMemo(() => drawn(hour), [hour]);
  const clock = useMemo(
    () => (seconds: number) => formatMoment(seconds * 1000, language),
    [language],
  );
  return (
    <Card
      className="desk"
      title={title}
      actions={
        <>
          <ChartLegend names={series.map((one) => one.name)} />
          <Link to="/usage" className="link">
            {t("usage")}
          </Link>
        </>
      }
    >
      {series.length === 0 ? (
        <p className="sm dim">{t("none")}</p>
      ) : (
        <TimeChart
          label={t("table")}
          times={times}
          series={series}
          format={whole}
          formatTime={clock}
          atLeast={3}
        />
      )}
    </Card>
  );
}
