import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { Chips } from "@/ui/Chips";
import { DataTable } from "@/ui/DataTable";
import { PlusIcon } from "@/ui/icons";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { Tabs } from "@/ui/Tabs";
import { IssueKeyDialog } from "./IssueKeyDialog";
import { useKeyColumns } from "./keyColumns";
import styles from "./keys.module.css";
import { LimitNotices } from "./LimitNotices";
import { keysQuery } from "./queries";
import { SharedLimits } from "./SharedLimits";
import { FILTERS, filterOf, type KeyRow, matches, sorted, standingOf, toSort } from "./standing";
import { TestKeyDialog } from "./TestKeyDialog";
import { Today } from "./Today";

const MINUTE_MS = 60_000;
const ROWS = 100;

/** What may call, and who does? */
export function KeysPage() {
  const t = useTranslations("keys.list");
  const tGateway = useTranslations("gateway");
  const [view, setView] = useView();
  const mayIssue = useMay("use_own_keys");
  const query = useQuery(keysQuery);
  const tab = view.tab === "limits" ? "limits" : "keys";
  const newKey = mayIssue && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "new-key" })}>
      {t("new")}
    </Button>
  );
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tGateway("title") }]}
      sentence={t("sentence")}
      actions={
        <>
          <Button onClick={() => setView({ dialog: "test-key" })}>{t("test")}</Button>
          {newKey}
        </>
      }
      tabs={
        <Tabs
          label={t("tabs")}
          value={tab}
          tabs={[
            { value: "keys", label: t("tabKeys") },
            { value: "limits", label: t("tabLimits") },
          ]}
        />
      }
      notice={<LimitNotices />}
    >
      {tab === "limits" ? (
        <SharedLimits />
      ) : (
        <QueryView query={query} skeleton={<TableSkeleton />}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty action={newKey}>{t("empty")}</Empty>
            ) : (
              <>
                <Today />
                <Keys keys={items} />
              </>
            )
          }
        </QueryView>
      )}
      {view.dialog === "new-key" && (
        <IssueKeyDialog onClose={() => setView({ dialog: undefined })} />
      )}
      {view.dialog === "test-key" && (
        <TestKeyDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function Keys({ keys }: { keys: readonly KeyOut[] }) {
  const t = useTranslations("keys.list");
  const [view, setView] = useView();
  const now = useTick(MINUTE_MS);
  const columns = useKeyColumns();
  const rows = keys.map((key): KeyRow => ({ key, standing: standingOf(key, now) }));
  const shown = rows.filter(
    (row) => (!view.state || filterOf(row.standing) === view.state) && matches(row, view.q ?? ""),
  );
  const sort = toSort(view.sort);
  const [rowCount, setRowCount] = useState(ROWS);
  return (
    <>
      <div className={styles.filters}>
        <Chips
          label={t("filter")}
          value={view.state ?? ""}
          choices={[
            { value: "", label: t("all"), count: rows.length },
            ...FILTERS.map((value) => ({
              value: value as string,
              label: t(`filters.${value}`),
              count: rows.filter((row) => filterOf(row.standing) === value).length,
            })).filter((choice) => choice.count > 0 || choice.value === view.state),
          ]}
          onChange={(state) => setView({ state: state || undefined })}
        />
        <SearchInput
          value={view.q ?? ""}
          onChange={(q) => setView({ q: q || undefined })}
          placeholder={t("search")}
          width="auto"
        />
      </div>
      {shown.length === 0 ? (
        <NoMatch
          filter={view.q || t("thisFilter")}
          onClear={() => setView({ q: undefined, state: undefined })}
        />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={sorted(shown, view.sort).slice(0, rowCount)}
          rowKey={(row) => row.key.id}
          isDimmed={(row) => filterOf(row.standing) === "ended"}
          sorted={{
            by: sort?.by ?? null,
            descending: sort?.descending ?? false,
            onSort: (by) => setView({ sort: nextSort(view.sort, by) }),
          }}
          footer={
            shown.length > rowCount && (
              <Button size="sm" onClick={() => setRowCount(rowCount + 5 * ROWS)}>
                {t("showMore", { count: String(shown.length - rowCount) })}
              </Button>
            )
          }
        />
      )}
    </>
  );
}

/** Down first, as the most and the newest are looked for; names go up first. Then the other way. */
function nextSort(word: string | undefined, by: string): string | undefined {
  const isWord = by === "name" || by === "for";
  const [first, second] = isWord ? [by, `-${by}`] : [`-${by}`, by];
  return word === first ? second : word === second ? undefined : first;
}
