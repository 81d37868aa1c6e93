import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocale, useTranslations } from "use-intl";
import { aiModelsQuery, catalogueQuery, useRunningOperations } from "@/api/aiModels";
import type { OperationOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { formatContext } from "@/lib/context";
import { Button } from "@/ui/Button";
import { Chips } from "@/ui/Chips";
import { type Column, DataTable, NameCell, TwoLines } from "@/ui/DataTable";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { AddModelDialog } from "./AddModelDialog";
import { filterRows, type ModelRow, modelRows, tasksOf } from "./catalogue";
import { FitWords } from "./FitWords";
import { ModelAction } from "./ModelAction";
import { useOwnFits } from "./useOwnFits";
import { useTaskWord } from "./useTaskWord";

/** What can my machines run? */
export function ModelsPage() {
  const t = useTranslations("models");
  const [view, setView] = useView();
  const mayDeploy = useMay("deploy");
  const catalogue = useQuery(catalogueQuery);
  const aiModels = useQuery(aiModelsQuery);
  return (
    <PageFrame
      title={t("title")}
      place={t("catalogue")}
      crumbs={[{ label: t("title") }]}
      sentence={t("sentence")}
      actions={
        mayDeploy && (
          <Button onClick={() => setView({ dialog: "import" })}>{t("importFile")}</Button>
        )
      }
    >
      <QueryView query={catalogue} skeleton={<TableSkeleton rows={8} />}>
        {(shipped) => (
          <QueryView query={aiModels} skeleton={<TableSkeleton rows={8} />}>
            {(own) => <Catalogue rows={modelRows(shipped.items, own.items)} />}
          </QueryView>
        )}
      </QueryView>
      <AddModelDialog
        open={view.dialog === "import"}
        onClose={() => setView({ dialog: undefined })}
      />
    </PageFrame>
  );
}

function Catalogue({ rows: known }: { rows: ModelRow[] }) {
  const t = useTranslations("models");
  const word = useTaskWord();
  const [view, setView] = useView();
  const rows = useOwnFits(known);
  const operations = useRunningOperations(
    rows.flatMap((row) => (row.aiModel ? [row.aiModel] : [])),
  );
  const columns = useColumns(operations);
  const filter = {
    task: view.task ?? "",
    words: view.q ?? "",
    onlyFitting: view.filter === "fits",
  };
  const shown = filterRows(rows, filter);
  if (rows.length === 0) return <Empty>{t("empty")}</Empty>;
  return (
    <>
      <div className="row between wrap">
        <Chips
          label={t("taskFilter")}
          value={filter.task}
          choices={[
            { value: "", label: t("all") },
            ...tasksOf(rows).map((task) => ({ value: task, label: word(task) })),
          ]}
          onChange={(task) => setView({ task: task || undefined })}
        />
        <div className="row wide">
          <Switch
            label={t("onlyFitting")}
            checked={filter.onlyFitting}
            onChange={(event) =>
              setView({ filter: event.currentTarget.checked ? "fits" : undefined })
            }
          />
          <SearchInput
            placeholder={t("searchPlaceholder")}
            value={filter.words}
            onChange={(q) => setView({ q: q || undefined })}
          />
        </div>
      </div>
      {shown.length === 0 ? (
        <NoMatch
          filter={[filter.task && word(filter.task), filter.words].filter(Boolean).join(" + ")}
          onClear={() => setView({ q: undefined, task: undefined, filter: undefined })}
        />
      ) : (
        <DataTable
          label={t("catalogue")}
          columns={columns}
          rows={shown}
          rowKey={(row) => row.name}
        />
      )}
    </>
  );
}

function useColumns(operations: Map<number, OperationOut>): Column<ModelRow>[] {
  const t = useTranslations("models");
  const locale = useLocale();
  const format = useFormat();
  const word = useTaskWord();
  return [
    {
      key: "name",
      head: t("column.model"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/models/$name"
          params={{ name: row.name }}
          name={row.title}
          note={[tasksInWords(row), row.parameterCount && parameters(row)]
            .filter(Boolean)
            .join(" · ")}
        />
      ),
    },
    {
      key: "licence",
      head: t("column.licence"),
      cell: (row) => <span className="soft xs">{row.licence || t("ownFile")}</span>,
    },
    {
      key: "version",
      head: t("column.version"),
      cell: (row) => (
        <TwoLines note={row.sizeBytes && size(row)}>{row.quantisation || "·"}</TwoLines>
      ),
    },
    {
      key: "fit",
      head: t("column.fit"),
      phone: "state",
      cell: (row) => <FitWords fit={row.fit} />,
    },
    {
      key: "context",
      head: t("column.context"),
      align: "right",
      cell: (row) => (
        <TwoLines note={row.contextLength && t("tokens")}>
          {formatContext(row.contextLength)}
        </TwoLines>
      ),
    },
    {
      key: "action",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      phone: "action",
      cell: (row) => (
        <ModelAction
          row={row}
          operation={row.aiModel ? (operations.get(row.aiModel.id) ?? null) : null}
        />
      ),
    },
  ];

  function parameters(row: ModelRow): string {
    const all = format.parameters(row.parameterCount);
    const active = row.activeParameterCount;
    return active ? t("activeParameters", { all, active: format.parameters(active) }) : all;
  }

  /** In running text; German keeps its nouns large. */
  function tasksInWords(row: ModelRow): string {
    const words = row.tasks.map((task) => word(task)).join(", ");
    return locale === "de" ? words : words.toLowerCase();
  }

  function size(row: ModelRow): string {
    const text = format.bytes(row.sizeBytes);
    return row.sizeIsEstimated ? t("estimatedSize", { size: text }) : text;
  }
}
