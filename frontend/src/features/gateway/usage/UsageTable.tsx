import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { UsageGroupOut, UsageSumsOut } from "@/api/generated/schema";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { IconButton } from "@/ui/Button";
import { type Column, DataTable } from "@/ui/DataTable";
import { ExternalLinkIcon } from "@/ui/icons";
import { Meter } from "@/ui/Meter";
import { SERIES_COLOURS, seriesColour } from "@/ui/TimeChart";
import { TOP } from "./UsageChart";
import styles from "./usage.module.css";
import { type Group, nextGroup, writeOnly } from "./view";

interface Row extends UsageSumsOut {
  id: string | null;
  name: string;
  /** Its place by tokens, which is its colour; null for everything together. */
  place: number | null;
}

interface UsageTableProps {
  group: Group;
  rows: readonly UsageGroupOut[];
  total: UsageSumsOut;
}

const tokensOf = (sums: UsageSumsOut) => sums.prompt_tokens + sums.completion_tokens;

/** Each group with its sums, the busiest first, and everything together at the end. */
export function UsageTable({ group, rows, total }: UsageTableProps) {
  const t = useTranslations("usage");
  const ordered = [...rows]
    .sort((one, other) => tokensOf(other) - tokensOf(one))
    .map(
      (row, place): Row => ({
        ...row,
        id: row.group_id === null || row.group_id === undefined ? null : String(row.group_id),
        name: row[group] || t("withoutName"),
        place,
      }),
    );
  const columns = useColumns(group, total);
  return (
    <DataTable
      label={t("title")}
      columns={columns}
      rows={[...ordered, { ...total, id: null, name: t("all"), place: null }]}
      rowKey={(row) => (row.place === null ? "all" : `${row.id ?? ""} ${row.name}`)}
      isTotal={(row) => row.place === null}
    />
  );
}

function useColumns(group: Group, total: UsageSumsOut): Column<Row>[] {
  const t = useTranslations("usage");
  const format = useFormat();
  const all = Math.max(1, tokensOf(total));
  return [
    {
      key: "name",
      head: t(`by.${group}`),
      phone: "name",
      cell: (row) => <Name {...{ row, group }} />,
    },
    {
      key: "tokens",
      head: t("tokens"),
      phone: "state",
      cell: (row) => {
        const share = tokensOf(row) / all;
        const text = format.shortCount(tokensOf(row));
        return (
          <span className="row">
            {row.place !== null && (
              <span className={`${styles.meter} desk`}>
                <Meter label={t("shareOf", { share: format.share(share) })} share={share} />
              </span>
            )}
            <span
              className={row.place === null ? "strong" : "soft"}
              title={format.exact(tokensOf(row))}
            >
              {text}
            </span>
          </span>
        );
      },
    },
    number("in", t("promptTokens"), (row) => format.exact(row.prompt_tokens)),
    number("out", t("completionTokens"), (row) => format.exact(row.completion_tokens)),
    {
      ...number("requests", t("requests"), (row) => format.exact(row.requests)),
      phone: "number",
    },
    number("failed", t("failed"), (row) =>
      row.failed > 0 ? format.exact(row.failed) : <span className="dim">0</span>,
    ),
    number("first", t("firstToken"), (row) => (
      <span className="soft">{format.duration(row.first_byte_p95 ?? row.first_byte_ms)}</span>
    )),
    {
      key: "open",
      head: <span className="visually-hidden">{t("open")}</span>,
      align: "right",
      width: 44,
      cell: (row) => <Open row={row} group={group} />,
    },
  ];
}

function number(key: string, head: string, cell: Column<Row>["cell"]): Column<Row> {
  return { key, head, cell, align: "right" };
}

/** Its colour in the chart, and its name: pressing it keeps to it and asks what it is made of. */
function Name({ row, group }: { row: Row; group: Group }) {
  const [, setView] = useView();
  if (row.place === null) return <b>{row.name}</b>;
  const last = SERIES_COLOURS.length - 1;
  const { id } = row;
  return (
    <span className={styles.name}>
      <i
        className={styles.swatch}
        style={{ background: seriesColour(row.place < TOP ? row.place : last) }}
        aria-hidden="true"
      />
      {id ? (
        <button
          type="button"
          onClick={() =>
            setView({ filter: writeOnly({ group, id, name: row.name }), group: nextGroup(group) })
          }
        >
          {row.name}
        </button>
      ) : (
        <span className="soft">{row.name}</span>
      )}
    </span>
  );
}

/** To the page of what the row is about. */
function Open({ row, group }: { row: Row; group: Group }) {
  const t = useTranslations("usage");
  const navigate = useNavigate();
  if (!row.id || (group !== "key" && group !== "node")) return null;
  const { id } = row;
  return (
    <IconButton
      icon={ExternalLinkIcon}
      label={t("openNamed", { name: row.name })}
      onClick={() =>
        void (group === "key"
          ? navigate({ to: "/keys/$keyId", params: { keyId: id }, search: {} })
          : navigate({ to: "/nodes/$name", params: { name: id }, search: {} }))
      }
    />
  );
}
