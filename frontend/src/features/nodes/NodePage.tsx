import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { deploymentsQuery } from "@/api/fleet";
import type { NodeOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { ProblemLine } from "@/components/ProblemNotice";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { RetryIcon } from "@/ui/icons";
import { CardSkeleton } from "@/ui/Skeleton";
import { Tabs } from "@/ui/Tabs";
import { nodeQuery } from "./data";
import { shownState } from "./filters";
import { HardwareTab } from "./HardwareTab";
import { shortProcessor } from "./hardwareWords";
import { NodeAside } from "./NodeAside";
import { NodeWhy } from "./NodeWhy";
import { OperationsTab } from "./OperationsTab";
import { Numbers, OverviewTab } from "./OverviewTab";
import { ReplicasHere, replicasOn } from "./ReplicasHere";
import { useLook } from "./useLook";

const TABS = ["overview", "replicas", "hardware", "operations"] as const;

export function NodePage() {
  const t = useTranslations("nodes");
  const { name = "" } = useParams({ strict: false });
  const query = useQuery(nodeQuery(name));
  if (query.data) return <Node node={query.data} />;
  const crumbs = [{ label: t("title"), to: "/nodes" }];
  if (query.data === null) {
    return (
      <PageFrame
        title={t("missing.title", { name })}
        place={name}
        crumbs={crumbs}
        sentence={t("missing.sentence")}
        actions={<ButtonLink to="/nodes">{t("missing.back")}</ButtonLink>}
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={name} place={name} crumbs={crumbs}>
      <QueryView query={query} skeleton={<CardSkeleton lines={6} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}

function Node({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes");
  const [view] = useView();
  const tab = TABS.find((one) => one === view.tab) ?? "overview";
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const replicas = replicasOn(node, deployments);
  const counts: Partial<Record<(typeof TABS)[number], number>> = { replicas: replicas.length };

  return (
    <PageFrame
      title={node.name}
      place={node.name}
      crumbs={[{ label: t("title"), to: "/nodes" }]}
      state={<StateAndTags node={node} />}
      sentence={<Sentence node={node} />}
      actions={<LookAgain node={node} />}
      tabs={
        <Tabs
          label={t("node.tabs.label", { name: node.name })}
          tabs={TABS.map((value) => ({
            value,
            label: t(`node.tabs.${value}`),
            ...(counts[value] ? { count: counts[value] } : {}),
          }))}
          value={tab}
        />
      }
      notice={
        <>
          <NotWell node={node} />
          {tab === "overview" && <Numbers node={node} deployments={deployments} />}
        </>
      }
      aside={tab === "overview" ? <NodeAside node={node} /> : undefined}
    >
      {tab === "overview" && <OverviewTab node={node} deployments={deployments} />}
      {tab === "replicas" && <ReplicasHere node={node} deployments={deployments} alone />}
      {tab === "hardware" && <HardwareTab node={node} />}
      {tab === "operations" && <OperationsTab node={node} />}
    </PageFrame>
  );
}

function StateAndTags({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes");
  const labels = Object.entries(node.labels).filter(([key]) => key !== "role" && key !== "gpu");
  return (
    <>
      <StateBadge
        state={shownState(node)}
        {...(shownState(node) === "asleep" ? { label: t("asleep") } : {})}
      />
      {node.state !== "ready" && <NodeWhy node={node} />}
      {node.facts.gpus.length > 0 && <span className="tag">gpu</span>}
      {labels.map(([key, value]) => (
        <span key={key} className="tag">
          {key}: {value}
        </span>
      ))}
      {node.is_control_plane && <span className="tag">{t("node.thisMachine")}</span>}
    </>
  );
}

function Sentence({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.node");
  const format = useFormat();
  const { system, cpu, gpus } = node.facts;
  const up = system.booted_at ? format.duration(Date.now() - Date.parse(system.booted_at)) : "";
  const parts = [
    system.name,
    shortProcessor(cpu.model),
    ...gpus.map((gpu) => gpu.name),
    up && t("up", { duration: up }),
  ].filter(Boolean);
  return (
    <>
      <span className="mono">{node.address}</span>
      {parts.map((part) => ` · ${part}`)}
    </>
  );
}

function LookAgain({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.node");
  const look = useLook(node);
  return (
    <>
      <ProblemLine error={look.error} />
      <Button
        icon={RetryIcon}
        busy={look.isPending}
        disabledReason={reasonAgainst(node, "inspect_node")}
        onClick={() => look.mutate()}
      >
        {t("look")}
      </Button>
    </>
  );
}

/** Only when something is not as it should be. */
function NotWell({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.node");
  const format = useFormat();
  if (node.state !== "ready" && node.state_reason) {
    return (
      <Notice
        tone={node.state === "unreachable" || node.state === "failed" ? "bad" : "attention"}
        title={t("notWell", { name: node.name })}
        corner={format.moment(node.state_since)}
      >
        {node.state_reason}
      </Notice>
    );
  }
  if (!node.facts_at) {
    return (
      <Notice tone="quiet" title={t("notRead.title")}>
        {t("notRead.body")}
      </Notice>
    );
  }
  if (!node.latest && node.last_seen_at && node.power !== "asleep") {
    return (
      <Notice tone="attention" title={t("silent.title")}>
        {t("silent.body", { moment: format.moment(node.last_seen_at) })}
      </Notice>
    );
  }
  return null;
}
