import { Link } from "@tanstack/react-router";
import { useLocale, useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { type Column, NameCell } from "@/ui/DataTable";
import { sayMilliseconds } from "../milliseconds";
import { UpstreamMenu } from "./UpstreamMenu";
import { HouseTag, UpstreamState } from "./UpstreamState";
import styles from "./upstreams.module.css";

export function useUpstreamColumns(): Column<UpstreamOut>[] {
  const t = useTranslations("upstreams");
  const format = useFormat();
  const locale = useLocale();
  return [
    {
      key: "name",
      head: t("column.name"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/upstreams/$upstreamId"
          params={{ upstreamId: String(row.id) }}
          name={row.name}
          note={row.base_url}
          mono
        />
      ),
    },
    {
      key: "where",
      head: t("column.where"),
      cell: (row) => <HouseTag leaves={row.leaves_house} />,
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (row) => (
        <span title={row.circuits[0]?.reason || row.state_reason || undefined}>
          <UpstreamState row={row} bare />
        </span>
      ),
    },
    {
      key: "models",
      head: t("column.models"),
      phone: "number",
      cell: (row) =>
        row.models.length === 0 ? (
          <span className="dim">·</span>
        ) : (
          <span className={`soft clip ${styles.models}`} title={row.models.join(", ")}>
            {row.models.length === 1 ? row.models[0] : t("models", { count: row.models.length })}
          </span>
        ),
    },
    {
      key: "used",
      head: t("column.usedBy"),
      cell: (row) => <UsedBy names={row.used_by} />,
    },
    {
      key: "latency",
      head: t("column.latency"),
      align: "right",
      cell: (row) => (
        <span className="soft">{sayMilliseconds(row.latency_ms, format.duration, locale)}</span>
      ),
    },
    {
      key: "probed",
      head: t("column.probed"),
      align: "right",
      cell: (row) => (
        <span className="dim xs">
          {row.probed_at ? format.relative(row.probed_at) : t("notProbed")}
        </span>
      ),
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <UpstreamMenu row={row} />,
    },
  ];
}

const SHOWN = 2;

/** The routes that lead there, each a link. */
export function UsedBy({ names, all }: { names: readonly string[]; all?: boolean }) {
  const t = useTranslations("upstreams");
  if (names.length === 0) return <span className="dim">{t("unused")}</span>;
  const shown = all ? names : names.slice(0, SHOWN);
  return (
    <span className="soft">
      {shown.map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <Link className="link" to="/routes/$name" params={{ name }} search={{}}>
            {name}
          </Link>
        </span>
      ))}
      {names.length > shown.length &&
        ` ${t("andMore", { count: String(names.length - shown.length) })}`}
    </span>
  );
}
