import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { type Column, NameCell } from "@/ui/DataTable";
import { Meter } from "@/ui/Meter";
import { Spark } from "@/ui/Spark";
import { KeyMenu } from "./KeyMenu";
import styles from "./keys.module.css";
import { StandingBadge } from "./StandingBadge";
import { type KeyRow, shareUsed } from "./standing";

const NEARLY = 0.8;

export function useKeyColumns(): Column<KeyRow>[] {
  const t = useTranslations("keys.list");
  const format = useFormat();
  return [
    {
      key: "name",
      head: t("column.key"),
      phone: "name",
      sortable: true,
      cell: ({ key }) => (
        <NameCell
          to="/keys/$keyId"
          params={{ keyId: String(key.id) }}
          name={key.name}
          note={`${key.prefix}…`}
          mono
        />
      ),
    },
    {
      key: "for",
      head: t("column.for"),
      sortable: true,
      cell: ({ key }) => <span className="soft">{key.owner}</span>,
    },
    { key: "models", head: t("column.models"), cell: ({ key }) => <Models row={key} /> },
    {
      key: "tokens",
      head: t("column.tokens"),
      phone: "number",
      sortable: true,
      cell: ({ key }) => <TokensToday row={key} />,
    },
    {
      key: "requests",
      head: t("column.requests"),
      cell: ({ key }) => {
        const count = key.use.hours.reduce((sum, hour) => sum + hour, 0);
        return <Spark label={t("requestsIn24h", { count })} values={key.use.hours} width={84} />;
      },
    },
    {
      key: "used",
      head: t("column.used"),
      sortable: true,
      cell: ({ key }) => (
        <span className="soft xs">
          {key.last_used_at ? format.relative(key.last_used_at) : t("never")}
        </span>
      ),
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: ({ key, standing }) => <StandingBadge bare apiKey={key} standing={standing} />,
    },
    {
      key: "expires",
      head: t("column.expires"),
      align: "right",
      sortable: true,
      cell: ({ key }) => (
        <span className="dim xs">
          {key.state === "revoked" ? "" : key.expires_at ? format.day(key.expires_at) : t("never")}
        </span>
      ),
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: ({ key }) => <KeyMenu row={key} />,
    },
  ];
}

function Models({ row }: { row: KeyOut }) {
  const t = useTranslations("keys.list");
  const words = row.models
    ? row.models.join(", ")
    : row.denied_models.length > 0
      ? t("allBut", { models: row.denied_models.join(", ") })
      : t("allModels");
  return (
    <span className={`soft clip ${styles.models}`} title={words}>
      {words}
    </span>
  );
}

function TokensToday({ row }: { row: KeyOut }) {
  const t = useTranslations("keys.list");
  const format = useFormat();
  const used = format.amount(row.use.tokens_today);
  const share = shareUsed(row, "day");
  if (share === null) {
    const isNone = row.use.tokens_today === 0;
    return <span className={`xs ${isNone ? "dim" : "soft"}`}>{isNone ? t("none") : used}</span>;
  }
  const text = t("ofLimit", { used, limit: format.amount(row.limits.tokens_per_day) });
  return (
    <span className="row">
      <span className={`${styles.meter} desk`}>
        <Meter
          label={t("tokensToday", { tokens: text })}
          parts={[{ share, kind: share >= 1 ? "too-much" : share >= NEARLY ? "main" : "second" }]}
        />
      </span>
      <span className="xs soft" title={format.exact(row.use.tokens_today)}>
        {text}
      </span>
    </span>
  );
}
