import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { WhyButton } from "@/components/WhyButton";
import { useFormat } from "@/i18n/useFormat";
import { formatContext } from "@/lib/context";
import { ButtonLink } from "@/ui/Button";
import { type Column, DataTable, NameCell } from "@/ui/DataTable";
import { PlusIcon } from "@/ui/icons";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { DeploymentMenu } from "./DeploymentMenu";
import { deploymentsQuery } from "./queries";
import { useFix } from "./useFix";

/** What is served, and does it serve? */
export function DeploymentsPage() {
  const t = useTranslations("deployments");
  const mayDeploy = useMay("deploy");
  const query = useQuery(deploymentsQuery);
  const action = mayDeploy && (
    <ButtonLink kind="go" icon={PlusIcon} to="/models" search={{}}>
      {t("deployModel")}
    </ButtonLink>
  );
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: t("models"), to: "/models" }]}
      sentence={t("sentence")}
      actions={action}
    >
      <QueryView query={query} skeleton={<TableSkeleton rows={4} />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty action={action}>{t("empty")}</Empty>
          ) : (
            <Deployments rows={items} />
          )
        }
      </QueryView>
    </PageFrame>
  );
}

function Deployments({ rows }: { rows: readonly DeploymentOut[] }) {
  const t = useTranslations("deployments");
  const [view, setView] = useView();
  const words = (view.q ?? "").trim().toLowerCase();
  const shown = rows.filter((row) =>
    `${row.name} ${row.ai_model.name}`.toLowerCase().includes(words),
  );
  const columns = useColumns();
  return (
    <>
      {rows.length > 5 && (
        <div className="row end">
          <SearchInput
            placeholder={t("searchPlaceholder")}
            value={view.q ?? ""}
            onChange={(q) => setView({ q: q || undefined })}
          />
        </div>
      )}
      {shown.length === 0 ? (
        <NoMatch filter={view.q ?? ""} onClear={() => setView({ q: undefined })} />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={shown}
          rowKey={(row) => row.id}
          isDimmed={(row) => row.state === "stopped"}
        />
      )}
    </>
  );
}

function useColumns(): Column<DeploymentOut>[] {
  const t = useTranslations("deployments");
  const format = useFormat();
  return [
    {
      key: "name",
      head: t("column.name"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/deployments/$name"
          params={{ name: row.name }}
          name={row.name}
          note={row.ai_model.name}
        />
      ),
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (row) => <StateCell deployment={row} />,
    },
    {
      key: "replicas",
      head: t("column.replicas"),
      phone: "number",
      cell: (row) =>
        t("ofReplicas", { ready: String(row.ready_replicas), wanted: String(row.replica_count) }),
    },
    {
      key: "nodes",
      head: t("column.nodes"),
      cell: (row) => {
        const nodes = [...new Set(row.replicas.map((replica) => replica.node.name))];
        return nodes.length > 0 ? nodes.join(", ") : <span className="dim">·</span>;
      },
    },
    {
      key: "memory",
      head: t("column.memory"),
      align: "right",
      cell: (row) => {
        const held = row.replicas.reduce((sum, each) => sum + (each.memory_bytes ?? 0), 0);
        return held > 0 ? format.bytes(held) : <span className="dim">·</span>;
      },
    },
    {
      key: "context",
      head: t("column.context"),
      align: "right",
      cell: (row) =>
        t("contextTimes", {
          context: formatContext(row.context_length),
          slots: String(row.slots),
        }),
    },
    {
      key: "idle",
      head: t("column.idle"),
      cell: (row) => (
        <span className="soft xs">
          {row.keep_warm || !row.idle_seconds
            ? t("never")
            : t("afterIdle", { time: format.duration(row.idle_seconds * 1000) })}
        </span>
      ),
    },
    {
      key: "used",
      head: t("column.used"),
      align: "right",
      cell: (row) => (
        <span className="soft xs">
          {row.last_used_at ? format.relative(row.last_used_at) : t("notUsed")}
        </span>
      ),
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <DeploymentMenu deployment={row} />,
    },
  ];
}

function StateCell({ deployment }: { deployment: DeploymentOut }) {
  const { fix, dialogs } = useFix(deployment);
  return (
    <span className="row">
      <StateBadge state={deployment.state} />
      {deployment.state !== "ready" && (
        <WhyButton subject="deployment" id={deployment.id} state={deployment.state} onFix={fix} />
      )}
      {dialogs}
    </span>
  );
}
