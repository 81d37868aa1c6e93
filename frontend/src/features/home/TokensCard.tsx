import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import { latestRequestsQuery } from "@/api/fleet";
import { useMay } from "@/api/session";
import { QueryView } from "@/components/QueryView";
import { formatMoment } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ChartLegend, TimeChart } from "@/ui/TimeChart";
import { type FinishedRequest, tokensPerSecond } from "./tokensPerSecond";

export function TokensCard() {
  const t = useTranslations("home.tokens");
  const maySee = useMay("view_usage");
  const query = useQuery({ ...latestRequestsQuery, enabled: maySee });
  if (!maySee) return null;
  return (
    <QueryView query={query}>
      {(page) => <Speed requests={page.items} at={query.dataUpdatedAt} title={t("title")} />}
    </QueryView>
  );
}

interface SpeedProps {
  requests: readonly FinishedRequest[];
  at: number;
  title: string;
}

const whole = (value: number) => String(Math.round(value * 10) / 10);

function Speed({ requests, at, title }: SpeedProps) {
  const t = useTranslations("home.tokens");
  const language = useLocale();
  const { times, series } = useMemo(() => tokensPerSecond(requests, at, "…"), [requests, at]);
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
