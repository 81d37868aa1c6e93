import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { endpoint } from "@/lib/endpoint";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Exits } from "./Exits";
import { REPLICA_LOG_ID, ReplicaLog } from "./ReplicaLog";
import { Replicas } from "./Replicas";
import { RouteCard } from "./RouteCard";
import { Traffic } from "./Traffic";
import { UseIt } from "./UseIt";

/** Replicas, traffic, exits and the model server's own words. */
export function Overview({ deployment }: { deployment: DeploymentOut }) {
  const [view, setView] = useView();
  const position = Number(view.step ?? 1);
  const setPosition = (next: number) => setView({ step: next === 1 ? undefined : String(next) });
  function showLog(next: number) {
    setPosition(next);
    document.getElementById(REPLICA_LOG_ID)?.scrollIntoView({ block: "start" });
  }

  const replica =
    deployment.replicas.find((each) => each.position === position) ?? deployment.replicas[0];
  return (
    <>
      <Replicas deployment={deployment} onLog={showLog} />
      <Traffic deployment={deployment} />
      <Exits replicas={deployment.replicas} />
      {replica && (
        <ReplicaLog
          key={replica.position}
          deployment={deployment}
          position={replica.position}
          onPosition={setPosition}
        />
      )}
    </>
  );
}

export function OverviewAside({ deployment }: { deployment: DeploymentOut }) {
  return (
    <>
      <RouteCard deployment={deployment} />
      <RunningSettings deployment={deployment} />
      <UseIt baseUrl={endpoint()} model={deployment.name} />
    </>
  );
}

function RunningSettings({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.running");
  const tAll = useTranslations("deployments");
  const format = useFormat();
  const mayChange = useMay("deploy");
  const unloads = !deployment.keep_warm && deployment.idle_seconds;
  return (
    <Card title={t("title")}>
      <dl className="kv">
        <dt>{t("context")}</dt>
        <dd>{format.exact(deployment.context_length)}</dd>
        <dt>{t("slots")}</dt>
        <dd>{deployment.slots}</dd>
        <dt>{t("replicas")}</dt>
        <dd>{deployment.replica_count}</dd>
        <dt>{t("kvType")}</dt>
        <dd className="mono xs">{deployment.kv_type}</dd>
        <dt>{t("threads")}</dt>
        <dd>{deployment.threads ?? t("threadsAuto")}</dd>
        <dt>{t("unload")}</dt>
        <dd>
          {unloads
            ? tAll("afterIdle", { time: format.duration((deployment.idle_seconds ?? 0) * 1000) })
            : tAll("never")}
        </dd>
      </dl>
      {mayChange && (
        <div style={{ marginTop: 12 }}>
          <ButtonLink size="sm" wide to="." search={(before) => ({ ...before, tab: "settings" })}>
            {t("change")}
          </ButtonLink>
        </div>
      )}
    </Card>
  );
}
