import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { type Column, NameCell } from "@/ui/DataTable";
import { Spark } from "@/ui/Spark";
import { documentFrom } from "./draft";
import { trafficQuery } from "./queries";
import { RouteMenu } from "./RouteMenu";
import styles from "./routes.module.css";
import { useRouteWords } from "./useRouteWords";

const MINUTE_MS = 60_000;

export function useRouteColumns(): Column<RouteOut>[] {
  const t = useTranslations("routes.list");
  const words = useRouteWords();
  return [
    {
      key: "name",
      head: t("column.name"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/routes/$name"
          params={{ name: row.name }}
          name={row.name}
          note={row.aliases.length > 0 && t("also", { aliases: row.aliases.join(", ") })}
        />
      ),
    },
    {
      key: "targets",
      head: t("column.targets"),
      phone: "number",
      cell: (row) => <span className={styles.wrapping}>{words.targets(documentFrom(row))}</span>,
    },
    {
      key: "fallbacks",
      head: t("column.fallbacks"),
      cell: (row) =>
        row.fallbacks.length === 0 ? (
          <span className="dim">{t("noFallback")}</span>
        ) : (
          <span className={`soft ${styles.wrapping}`}>
            {words.fallbacks(row).map((text) => (
              <span key={text} className={styles.line}>
                {text}
              </span>
            ))}
          </span>
        ),
    },
    {
      key: "house",
      head: t("column.house"),
      phone: "state",
      cell: (row) => <LeavesTag route={row} />,
    },
    { key: "traffic", head: t("column.traffic"), cell: (row) => <Traffic route={row} /> },
    {
      key: "failed",
      head: t("column.failed"),
      align: "right",
      cell: (row) => <Failed route={row} />,
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <RouteMenu route={row} />,
    },
  ];
}

/** Said where it is so; where data stays there is nothing to say. */
export function LeavesTag({
  route,
}: {
  route: Pick<RouteOut, "leaves_house" | "may_leave_house">;
}) {
  const t = useTranslations("routes");
  if (route.leaves_house) return <span className="tag ember">{t("leaves")}</span>;
  if (route.may_leave_house) return <span className="tag">{t("mayLeave")}</span>;
  return null;
}

function useTraffic(name: string) {
  const now = useTick(MINUTE_MS);
  const traffic = useQuery(trafficQuery(now)).data;
  return traffic && (traffic.get(name) ?? null);
}

function Traffic({ route }: { route: RouteOut }) {
  const t = useTranslations("routes.list");
  const format = useFormat();
  const traffic = useTraffic(route.name);
  if (!traffic) return <span className="dim">{traffic === null ? t("noRequests") : "·"}</span>;
  const label = t("requestsIn24h", { count: traffic.requests });
  return (
    <span className="row">
      {traffic.hours.length > 0 && <Spark label={label} values={traffic.hours} width={72} />}
      <span className="soft">{format.exact(traffic.requests)}</span>
    </span>
  );
}

function Failed({ route }: { route: RouteOut }) {
  const t = useTranslations("routes.list");
  const format = useFormat();
  const traffic = useTraffic(route.name);
  if (!traffic) return <span className="dim">·</span>;
  return (
    <span className="soft">
      {traffic.failed > 0 ? (
        <Link
          className="link"
          to="/requests"
          search={{ route: route.name, filter: "failed", days: "24h" }}
        >
          {format.exact(traffic.failed)}
        </Link>
      ) : (
        "0"
      )}
      {traffic.fell_back > 0 && (
        <small className={styles.line}>{t("fellBack", { count: String(traffic.fell_back) })}</small>
      )}
    </span>
  );
}
