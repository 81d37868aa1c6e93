import { useLocale, useTranslations } from "use-intl";
import type { RequestOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { type Column, NameCell, TwoLines } from "@/ui/DataTable";
import { sayMilliseconds } from "../milliseconds";
import { Outcome } from "./Outcome";

export function useRequestColumns(): Column<RequestOut>[] {
  const t = useTranslations("requests");
  const format = useFormat();
  const locale = useLocale();
  const duration = (ms: number | null) => sayMilliseconds(ms, format.duration, locale);
  return [
    {
      key: "model",
      head: t("column.model"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/requests/$requestId"
          params={{ requestId: row.id }}
          name={row.model || t("noModel")}
          note={
            <>
              <time dateTime={row.at} title={row.at}>
                {format.relative(row.at)}
              </time>
              {row.route && row.route !== row.model && ` · ${row.route}`}
            </>
          }
        />
      ),
    },
    {
      key: "key",
      head: t("column.key"),
      cell: (row) => (
        <TwoLines note={row.endpoint}>
          <span className="soft">{row.key ?? row.user ?? "·"}</span>
        </TwoLines>
      ),
    },
    {
      key: "node",
      head: t("column.servedBy"),
      cell: (row) => (
        <TwoLines note={row.node}>
          <span className="soft">{row.served_by || "·"}</span>
        </TwoLines>
      ),
    },
    {
      key: "first",
      head: t("column.first"),
      align: "right",
      cell: (row) => <span className="soft">{duration(row.first_byte_ms || null)}</span>,
    },
    {
      key: "total",
      head: t("column.total"),
      align: "right",
      phone: "number",
      cell: (row) => <span className="soft">{duration(row.total_ms)}</span>,
    },
    {
      key: "tokens",
      head: t("column.tokens"),
      align: "right",
      cell: (row) => `${format.exact(row.prompt_tokens)} + ${format.exact(row.completion_tokens)}`,
    },
    {
      key: "speed",
      head: t("column.speed"),
      align: "right",
      cell: (row) => <span className="soft">{format.speed(row.tokens_per_second)}</span>,
    },
    {
      key: "outcome",
      head: t("column.outcome"),
      phone: "state",
      cell: (row) => <Outcome bare request={row} />,
    },
  ];
}
