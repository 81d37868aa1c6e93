import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { DeploymentOut, RouteDecisionOut, UpstreamOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";
import { toState } from "@/components/states";
import { useFormat } from "@/i18n/useFormat";
import type { World } from "./world";

interface LiveStateProps {
  kind: "deployment" | "upstream";
  name: string;
  world: World;
  live: RouteDecisionOut | undefined;
}

/** How a place is just now: what the gateways meet there, and what stands against it. */
export function LiveState({ kind, name, world, live }: LiveStateProps) {
  const candidates = (live?.steps[0]?.candidates ?? []).filter(
    (one) => one.kind === kind && one.target === name,
  );
  // The first reason only repeats the weight.
  const against = [
    ...new Set(candidates.filter((one) => !one.usable).flatMap(({ reasons }) => reasons)),
  ];
  const usable = candidates.filter((one) => one.usable).length;
  if (kind === "upstream") {
    const upstream = world.upstreams.find((one) => one.name === name);
    return upstream ? <Upstream upstream={upstream} /> : null;
  }
  const deployment = world.deployments.find((one) => one.name === name);
  if (!deployment) return null;
  return (
    <Deployment
      deployment={deployment}
      passedOver={against.filter((reason) => reason.startsWith("Passed over"))}
      usable={candidates.length > 0 ? usable : null}
    />
  );
}

function Upstream({ upstream }: { upstream: UpstreamOut }) {
  const t = useTranslations("routes.live");
  const format = useFormat();
  const circuit = upstream.circuits[0];
  const badge = circuit ? (
    <StateBadge
      bare
      state={circuit.state === "open" ? "failed" : "waiting"}
      label={t(circuit.state === "open" ? "open" : "halfOpen", {
        since: format.dateTime(circuit.since),
      })}
    />
  ) : upstream.state === "reachable" ? (
    <StateBadge
      bare
      state="ready"
      label={t("healthy", { since: format.dateTime(upstream.state_since) })}
    />
  ) : upstream.state === "unknown" ? (
    <StateBadge bare state="unknown" label={t("unknown")} />
  ) : (
    <StateBadge
      bare
      state="unreachable"
      label={t("silent", { since: format.dateTime(upstream.state_since) })}
    />
  );
  return (
    <>
      {badge}
      <span className="dim break">
        {circuit ? t("because", { reason: circuit.reason }) : upstream.state_reason}
      </span>
      <Link
        className="link"
        to="/upstreams/$upstreamId"
        params={{ upstreamId: String(upstream.id) }}
        search={{}}
      >
        {t("toUpstream")}
      </Link>
    </>
  );
}

interface DeploymentProps {
  deployment: DeploymentOut;
  passedOver: readonly string[];
  usable: number | null;
}

function Deployment({ deployment, passedOver, usable }: DeploymentProps) {
  const t = useTranslations("routes.live");
  const isCold = deployment.ready_replicas === 0 && !deployment.keep_warm;
  return (
    <>
      {isCold ? (
        <StateBadge bare state="asleep" label={t("cold")} />
      ) : passedOver.length > 0 ? (
        <StateBadge bare state="failed" label={t("someOpen", { count: passedOver.length })} />
      ) : (
        <StateBadge bare state={toState(deployment.state)} />
      )}
      <span className="dim break">
        {passedOver[0] ??
          t("replicas", {
            ready: String(usable ?? deployment.ready_replicas),
            count: String(deployment.replica_count),
            slots: deployment.slots * Math.max(1, deployment.ready_replicas),
          })}
      </span>
      <Link className="link" to="/deployments/$name" params={{ name: deployment.name }} search={{}}>
        {t("toDeployment")}
      </Link>
    </>
  );
}
