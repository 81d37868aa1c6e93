import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { deploymentsQuery, nodesQuery } from "@/api/fleet";
import type { DeploymentOut, NodeOut } from "@/api/generated/schema";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateChips } from "@/components/StateChips";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { countStates, matchesNode, shownState } from "./filters";
import { modelMemory } from "./memory";
import { NodeTable } from "./NodeTable";
import styles from "./nodes.module.css";

export function NodesPage() {
  const t = useTranslations("nodes");
  const [view, setView] = useView();
  const query = useQuery(nodesQuery);
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const nodes = query.data?.items ?? [];

  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      sentence={query.data ? <Sentence nodes={nodes} deployments={deployments} /> : t("asking")}
    >
      <div className={styles.filters}>
        <StateChips
          label={t("filter.state")}
          all={t("filter.all")}
          {...(query.data ? { total: nodes.length } : {})}
          states={countStates(nodes)}
          value={view.state ?? ""}
          onChange={(state) => setView({ state: state || undefined })}
        />
        <span className="desk">
          <SearchInput
            value={view.q ?? ""}
            onChange={(q) => setView({ q: q || undefined })}
            placeholder={t("filter.search")}
          />
        </span>
      </div>
      <QueryView query={query} skeleton={<TableSkeleton />}>
        {(page) => <Rows nodes={page.items} deployments={deployments} />}
      </QueryView>
    </PageFrame>
  );
}

interface FleetProps {
  nodes: readonly NodeOut[];
  deployments: readonly DeploymentOut[];
}

function Sentence({ nodes, deployments }: FleetProps) {
  const t = useTranslations("nodes");
  const format = useFormat();
  const known = nodes.flatMap((node) => (node.latest ? [modelMemory(node.latest)] : []));
  return t("sentence", {
    count: nodes.length,
    used: format.gigabytes(known.reduce((sum, memory) => sum + memory.used, 0)),
    total: format.gigabytes(known.reduce((sum, memory) => sum + memory.total, 0)),
    served: deployments.filter((one) => one.ready_replicas > 0).length,
  });
}

function Rows({ nodes, deployments }: FleetProps) {
  const t = useTranslations("nodes");
  const [view, setView] = useView();
  const shown = nodes.filter(
    (node) => (!view.state || shownState(node) === view.state) && matchesNode(node, view.q ?? ""),
  );
  if (nodes.length === 0) return <Empty>{t("empty")}</Empty>;
  if (shown.length === 0) {
    return (
      <NoMatch
        filter={view.q || t("filter.described")}
        onClear={() => setView({ state: undefined, q: undefined })}
      />
    );
  }
  return (
    <>
      <NodeTable nodes={shown} deployments={deployments} />
      <p className="xs dim desk">
        {t("footnote")} {nodes.length === 1 && t("onlyThis")}
      </p>
    </>
  );
}
