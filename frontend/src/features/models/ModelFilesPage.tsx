import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { aiModelsQuery } from "@/api/aiModels";
import type { AiModelOut } from "@/api/generated/schema";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { type Column, DataTable, NameCell, TwoLines } from "@/ui/DataTable";
import { TableSkeleton } from "@/ui/Skeleton";
import { ModelMenu } from "./ModelMenu";

/** The files in the store: how big, verified when, used by what. */
export function ModelFilesPage() {
  const t = useTranslations("models");
  const format = useFormat();
  const query = useQuery(aiModelsQuery);
  const rows = query.data?.items ?? [];
  const bytes = rows.reduce((sum, row) => sum + (row.size_bytes ?? 0), 0);
  return (
    <PageFrame
      title={t("files.title")}
      place={t("files.title")}
      crumbs={[{ label: t("title"), to: "/models" }]}
      sentence={
        query.data && t("files.sentence", { count: rows.length, size: format.bytes(bytes) })
      }
    >
      <QueryView query={query} skeleton={<TableSkeleton />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty action={<ButtonLink to="/models">{t("files.openCatalogue")}</ButtonLink>}>
              {t("files.empty")}
            </Empty>
          ) : (
            <Files rows={items} />
          )
        }
      </QueryView>
    </PageFrame>
  );
}

function Files({ rows }: { rows: readonly AiModelOut[] }) {
  const t = useTranslations("models");
  const format = useFormat();
  const columns: Column<AiModelOut>[] = [
    {
      key: "file",
      head: t("column.file"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/models/$name"
          params={{ name: row.name }}
          name={row.name}
          note={[row.quantisation, row.sha256.slice(0, 12)].filter(Boolean).join(" · ")}
        />
      ),
    },
    {
      key: "size",
      head: t("column.size"),
      align: "right",
      phone: "number",
      cell: (row) => format.bytes(row.size_bytes),
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (row) => <StateBadge bare state={row.state} />,
    },
    {
      key: "verified",
      head: t("column.verified"),
      cell: (row) => (
        <span className="soft xs">
          {row.verified_at ? format.relative(row.verified_at) : t("files.notVerified")}
        </span>
      ),
    },
    {
      key: "usedBy",
      head: t("column.usedBy"),
      cell: (row) => <UsedBy names={row.deployment_names ?? []} />,
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      phone: "action",
      cell: (row) => <ModelMenu aiModel={row} title={row.name} />,
    },
  ];
  return (
    <DataTable label={t("files.title")} columns={columns} rows={rows} rowKey={(row) => row.id} />
  );
}

function UsedBy({ names }: { names: readonly string[] }) {
  const t = useTranslations("models");
  if (names.length === 0) return <span className="dim xs">{t("files.unused")}</span>;
  return (
    <TwoLines>
      {names.map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <Link to="/deployments/$name" params={{ name }} className="soft">
            {name}
          </Link>
        </span>
      ))}
    </TwoLines>
  );
}
