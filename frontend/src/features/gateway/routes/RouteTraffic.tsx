import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { UsageGroupOut } from "@/api/generated/schema";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Meter } from "@/ui/Meter";
import { CardSkeleton } from "@/ui/Skeleton";
import { TimeChart } from "@/ui/TimeChart";
import { branchesQuery } from "./queries";
import styles from "./routes.module.css";

const MINUTE_MS = 60_000;
const HEIGHT = 120;

/** The last 24 hours: how much came, how much failed, and who answered. */
export function RouteTraffic({ name }: { name: string }) {
  const t = useTranslations("routes.traffic");
  const format = useFormat();
  const query = useQuery(branchesQuery(name, useTick(MINUTE_MS)));
  return (
    <Card
      title={t("title")}
      actions={
        <ButtonLink size="sm" kind="ghost" to="/requests" search={{ route: name }}>
          {t("requests")}
        </ButtonLink>
      }
    >
      <QueryView query={query} skeleton={<CardSkeleton lines={4} />}>
        {({ items, total, series }) =>
          total.requests === 0 ? (
            <p className="sm dim">{t("nothing", { name })}</p>
          ) : (
            <div className="stack">
              <TimeChart
                label={t("chart")}
                kind="bars"
                height={HEIGHT}
                times={series.times.map((at) => Date.parse(at) / 1000)}
                series={[{ name: t("count"), values: series.total.requests }]}
                format={format.shortCount}
                formatTime={(seconds) => format.clock(seconds * 1000)}
                atLeast={3}
              />
              <dl className="kv">
                <dt>{t("count")}</dt>
                <dd>{format.exact(total.requests)}</dd>
                <dt>{t("failed")}</dt>
                <dd>{format.exact(total.failed)}</dd>
                <dt>{t("fellBack")}</dt>
                <dd>{format.exact(total.fell_back)}</dd>
                <dt>{t("firstToken")}</dt>
                <dd>{format.duration(total.first_byte_p95 ?? total.first_byte_ms)}</dd>
              </dl>
              <section className="stack tight" aria-label={t("branches")}>
                <h3>{t("branches")}</h3>
                {items.map((item) => (
                  <Branch key={String(item.group_id)} item={item} whole={total.requests} />
                ))}
              </section>
            </div>
          )
        }
      </QueryView>
    </Card>
  );
}

function Branch({ item, whole }: { item: UsageGroupOut; whole: number }) {
  const t = useTranslations("routes.traffic");
  const format = useFormat();
  const share = whole > 0 ? item.requests / whole : 0;
  const name = item.served_by || t("nobody");
  return (
    <div className={styles.branch}>
      <span className="sm break">{name}</span>
      <span className="xs soft right">
        {format.exact(item.requests)} · {format.share(share)}
      </span>
      <span className={styles.branchMeter}>
        <Meter
          label={t("shareOf", { name, share: format.share(share) })}
          share={share}
          height={5}
        />
      </span>
      {item.failed > 0 && (
        <span className="xs bad-ink">{t("failedCount", { count: String(item.failed) })}</span>
      )}
    </div>
  );
}
