import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { UsageSumsOut } from "@/api/generated/schema";
import { Empty, NoMatch } from "@/components/Empty";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { ButtonAnchor, ButtonLink } from "@/ui/Button";
import { Segments } from "@/ui/Chips";
import { DownloadIcon, XIcon } from "@/ui/icons";
import { CardSkeleton, TableSkeleton } from "@/ui/Skeleton";
import { Stats } from "@/ui/Stats";
import { csvAddress, usageQuery } from "./queries";
import { rangeOf, SPANS, type Span } from "./spans";
import { UsageChart } from "./UsageChart";
import { UsageTable } from "./UsageTable";
import styles from "./usage.module.css";
import { filterOf, GROUPS, readOnly, toGroup, toMeasure, toSpan } from "./view";

const MINUTE_MS = 60_000;

/** The span, the grouping and the filter that the address says. */
function useAsked() {
  const [view, setView] = useView();
  const now = useTick(MINUTE_MS);
  const span = toSpan(view.days);
  const range = rangeOf(span, now, view.from, view.to);
  const only = readOnly(view.filter);
  const group = toGroup(view.group);
  const asked = { ...filterOf(only), group_by: group, from: range.from, to: range.to };
  return { view, setView, span, range, only, group, measure: toMeasure(view.measure), asked };
}

/** Other days begin as those that were looked at, to be moved from there. */
function chosen(span: Span, before: { from?: string; to?: string; days?: string }) {
  const days = span === SPANS[0] ? undefined : span;
  if (span !== "custom" || before.from) return { days };
  const shown = rangeOf(toSpan(before.days), Date.now());
  const last = new Date(Date.parse(shown.to) - 1).toISOString();
  return { days, from: shown.from.slice(0, 10), to: last.slice(0, 10) };
}

export function CsvButton() {
  const t = useTranslations("usage");
  const { asked, group, span } = useAsked();
  return (
    <ButtonAnchor
      icon={DownloadIcon}
      href={csvAddress(asked)}
      download={`hearth-usage-by-${group}-${span}.csv`}
    >
      {t("csv")}
    </ButtonAnchor>
  );
}

export function UsageTab() {
  const t = useTranslations("usage");
  const { view, setView, span, range, only, group, measure, asked } = useAsked();
  const query = useQuery(usageQuery(asked));
  return (
    <>
      <div className="row between wrap">
        <Segments
          label={t("groupBy")}
          value={group}
          choices={GROUPS.map((value) => ({ value, label: t(`by.${value}`) }))}
          onChange={(value) => setView({ group: value === GROUPS[0] ? undefined : value })}
        />
        <Segments
          label={t("span")}
          value={span}
          choices={SPANS.map((value) => ({ value, label: t(`spans.${value}`) }))}
          onChange={(value) => setView(chosen(value, view))}
        />
      </div>
      {span === "custom" && (
        <div className={styles.dates}>
          <TextInput
            type="date"
            label={t("from")}
            value={view.from ?? ""}
            onChange={(event) => setView({ from: event.currentTarget.value || undefined })}
          />
          <TextInput
            type="date"
            label={t("to")}
            value={view.to ?? ""}
            onChange={(event) => setView({ to: event.currentTarget.value || undefined })}
          />
          <p className="xs dim">{t("utcDays")}</p>
        </div>
      )}
      {only && (
        <div className="row">
          <button
            type="button"
            className={styles.only}
            onClick={() => setView({ filter: undefined, group: only.group })}
          >
            {t("only", { kind: t(`by.${only.group}`), name: only.name })}
            <XIcon size={14} />
            <span className="visually-hidden">{t("showAll")}</span>
          </button>
        </div>
      )}
      <QueryView query={query} skeleton={<Waiting />}>
        {({ items, total }) =>
          items.length === 0 ? (
            <Nothing isFiltered={only !== null} onClear={() => setView({ filter: undefined })} />
          ) : (
            <>
              <Totals total={total} />
              <UsageChart asked={asked} step={range.step} group={group} measure={measure} />
              <UsageTable group={group} rows={items} total={total} />
            </>
          )
        }
      </QueryView>
    </>
  );
}

function Waiting() {
  return (
    <>
      <CardSkeleton lines={6} />
      <TableSkeleton />
    </>
  );
}

function Nothing({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  const t = useTranslations("usage");
  if (isFiltered) return <NoMatch filter={t("thisFilter")} onClear={onClear} />;
  return (
    <Empty
      action={
        <ButtonLink to="/keys" search={{ dialog: "new-key" }}>
          {t("newKey")}
        </ButtonLink>
      }
    >
      {t("empty")}
    </Empty>
  );
}

function Totals({ total }: { total: UsageSumsOut }) {
  const t = useTranslations("usage");
  const format = useFormat();
  const [tokens, unit] = format
    .shortCount(total.prompt_tokens + total.completion_tokens)
    .split(/\s/);
  const p95 = total.first_byte_p95 ?? null;
  const [first, firstUnit] = format.duration(p95 ?? total.first_byte_ms).split(/\s/);
  return (
    <Stats
      items={[
        {
          label: t("tokens"),
          value: tokens,
          unit,
          below: t("inOut", {
            in: format.shortCount(total.prompt_tokens),
            out: format.shortCount(total.completion_tokens),
          }),
        },
        {
          label: t("requests"),
          value: format.exact(total.requests),
          below: t("failedCount", { count: total.failed }),
        },
        {
          label: t("firstToken"),
          value: first,
          unit: firstUnit,
          below: p95 === null ? t("mean") : t("p95"),
        },
        {
          label: t("speed"),
          value: format.speed(total.tokens_per_second).split(/\s/)[0],
          unit: t("perSecond"),
          below: t("ofOneStream"),
        },
      ]}
    />
  );
}
