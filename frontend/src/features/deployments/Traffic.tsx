import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLocale, useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { seriesColour, TimeChart } from "@/ui/TimeChart";
import styles from "./deployment.module.css";
import { perMinute } from "./perMinute";
import { lastHourQuery } from "./queries";

const HEIGHT = 186;

/** The last hour: how many requests, by replica, and how long until the first token. */
export function Traffic({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.traffic");
  const format = useFormat();
  const digits = new Intl.NumberFormat(useLocale(), { maximumFractionDigits: 2 });
  const query = useQuery({ ...lastHourQuery(deployment), retry: false });
  if (!query.data) return null;
  const minutes = perMinute(query.data, "…");
  if (minutes.total === 0) return <p className="sm dim">{t("none")}</p>;
  const replicas = minutes.byReplica.map((series) => ({
    ...series,
    name: series.name || t("nobody"),
  }));
  return (
    <div className={styles.charts}>
      <Card
        title={t("perMinute")}
        note={t("lastHour", { total: format.exact(minutes.total), failed: minutes.failed })}
        actions={
          <span className="legend">
            {replicas.map((series, index) => (
              <span key={series.name}>
                <i style={{ background: seriesColour(index) }} />
                {series.name}
              </span>
            ))}
            <Link className="link" to="/requests" search={{ model: deployment.name }}>
              {t("all")}
            </Link>
          </span>
        }
      >
        <TimeChart
          label={t("perMinute")}
          height={HEIGHT}
          times={minutes.times}
          series={replicas}
          format={(value) => format.exact(value)}
          formatTime={clock}
          atLeast={4}
        />
      </Card>
      <Card title={t("firstToken")}>
        <TimeChart
          label={t("firstToken")}
          kind="line"
          height={HEIGHT}
          times={minutes.times}
          series={[{ name: t("firstToken"), values: minutes.firstToken }]}
          format={(seconds) => (seconds === 0 ? "0 s" : digits.format(seconds))}
          formatTime={clock}
          atLeast={0.1}
        />
      </Card>
    </div>
  );
}

function clock(unixSeconds: number): string {
  const at = new Date(unixSeconds * 1000);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}
