import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { deploymentsQuery, nodesQuery } from "@/api/fleet";
import type { DeploymentOut, NodeOut } from "@/api/generated/schema";
import { Coals, CoalsLegend } from "@/components/Coals";
import { coalsOf } from "@/components/heat";
import { QueryView } from "@/components/QueryView";
import { StateMark } from "@/components/StateBadge";
import { toState } from "@/components/states";
import { Card } from "@/ui/Card";
import { CardSkeleton } from "@/ui/Skeleton";
import styles from "./HearthCard.module.css";

/** One tile per machine: how it is, how busy it is, what it serves. */
export function HearthCard() {
  const t = useTranslations("home.hearth");
  const query = useQuery(nodesQuery);
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  return (
    <Card title={t("title")} note={t("note")} actions={<CoalsLegend />}>
      <QueryView query={query} skeleton={<CardSkeleton lines={3} />}>
        {(page) => (
          <div className={styles.tiles}>
            {page.items
              .filter((node) => node.state !== "retired")
              .map((node) => (
                <Tile key={node.id} node={node} deployments={deployments} />
              ))}
          </div>
        )}
      </QueryView>
    </Card>
  );
}

function Tile({ node, deployments }: { node: NodeOut; deployments: DeploymentOut[] }) {
  const t = useTranslations();
  const isAsleep = node.power === "asleep";
  const serves = deployments
    .filter((one) => one.replicas.some((r) => r.node.id === node.id && r.state === "ready"))
    .map((one) => one.name);
  const words = isAsleep
    ? t("components.state.asleep")
    : node.state !== "ready"
      ? t(`components.state.${toState(node.state)}`)
      : serves.join(" · ") ||
        (node.is_control_plane ? t("home.hearth.thisMachine") : node.hardware);
  return (
    <Link to="/nodes/$name" params={{ name: node.name }} className={styles.tile}>
      <span className="row between">
        <b className="clip">{node.name}</b>
        <StateMark state={isAsleep ? "asleep" : node.state} />
      </span>
      <Coals size="md" loads={coalsOf(node.latest?.cpu_share)} />
      <small className="clip">{words}</small>
    </Link>
  );
}
