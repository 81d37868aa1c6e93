import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { endpoint } from "@/lib/endpoint";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Stats } from "@/ui/Stats";
import { Exits } from "./Exits";
import { trafficQuery } from "./queries";
import { ReplicaLog } from "./ReplicaLog";
import { Replicas } from "./Replicas";
import { RouteCard } from "./RouteCard";
import { UseIt } from "./UseIt";

/** Replicas, traffic, exits and the model server's own words. */
export function Overview({ deployment }: { deployment: DeploymentOut }) {
  const [view, setView] = useView();
  const position = Number(view.step ?? 1);
  const setPosition = (next: number) => setView({ step: next === 1 ? undefined : String(next) });
  const replica =
    deployment.replicas.find((each) => each.position === position) ?? deployment.replicas[0];
  return (
    <>
      <Replicas deployment={deployment} onLog={setPosition} />
      <Traffic name={deployment.name} />
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

function Traffic({ name }: { name: string }) {
  const t = useTranslations("deployments.traffic");
  const format = useFormat();
  const query = useQuery({ ...trafficQuery(name), retry: false });
  if (query.isError || query.data === undefined) return null;
  const seen = query.data;
  if (!seen) return <p className="sm dim">{t("none")}</p>;
  return (
    <Stats
      items={[
        { label: t("answered"), value: format.exact(seen.requests), below: t("today") },
        {
          label: t("tokens"),
          value: format.shortCount(seen.prompt_tokens + seen.completion_tokens),
          below: t("today"),
        },
        { label: t("firstToken"), value: format.duration(seen.first_byte_ms), below: t("mean") },
        {
          label: t("failedShare"),
          value: format.share(seen.requests > 0 ? seen.failed / seen.requests : 0),
          below: t("today"),
        },
      ]}
    />
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
