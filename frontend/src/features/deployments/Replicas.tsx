import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { DeploymentOut, ReplicaOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { ProblemLine } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { MinusIcon, PlusIcon } from "@/ui/icons";
import styles from "./deployment.module.css";
import { changeDeployment } from "./queries";

interface ReplicasProps {
  deployment: DeploymentOut;
  onLog: (position: number) => void;
}

const MINUTE_MS = 60_000;
const SMALL_BYTES = 1e9;

/** Each running copy: where, with what memory, since when; and one more or fewer of them. */
export function Replicas({ deployment, onLog }: ReplicasProps) {
  const t = useTranslations("deployments.replicas");
  const { replicas, replica_count: wanted, ready_replicas: ready } = deployment;
  return (
    <Card
      title={t("title")}
      fill="flush"
      actions={
        <>
          <span className="dim">
            {t("wantHave", { wanted: String(wanted), ready: String(ready) })}
          </span>
          <Scale deployment={deployment} />
        </>
      }
    >
      {replicas.length === 0 ? (
        <p className={`sm dim ${styles.padded}`}>{t("none")}</p>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("replica")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("node")}</th>
                <th scope="col">{t("memory")}</th>
                <th scope="col" className="right">
                  {t("peak")}
                </th>
                <th scope="col" className="right">
                  {t("restarts")}
                </th>
                <th scope="col" className="right">
                  {t("up")}
                </th>
              </tr>
            </thead>
            <tbody>
              {replicas.map((replica) => (
                <Row key={replica.position} replica={replica} onLog={onLog} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Row({ replica, onLog }: { replica: ReplicaOut; onLog: (position: number) => void }) {
  const t = useTranslations("deployments.replicas");
  const format = useFormat();
  const now = useTick(MINUTE_MS);
  const isReady = replica.state === "ready";
  return (
    <tr>
      <td className="name">{replica.position}</td>
      <td title={replica.state_reason || undefined}>
        <StateBadge state={replica.state} />
      </td>
      <td>
        <Link to="/nodes/$name" params={{ name: replica.node.name }} search={{}}>
          {replica.node.name}
        </Link>
      </td>
      <td>{memory()}</td>
      <td className="right">{format.bytes(replica.measured_peak_bytes)}</td>
      <td className="right">{replica.restarts}</td>
      <td className="right dim">
        {isReady && replica.ready_at ? (
          format.duration(now - Date.parse(replica.ready_at))
        ) : (
          <button type="button" className="link xs" onClick={() => onLog(replica.position)}>
            {t("lastLog")}
          </button>
        )}
      </td>
    </tr>
  );

  /** Both in GB; where the model is so small that this would say nothing, each in its own unit. */
  function memory(): string {
    const { estimated_bytes: promised, memory_bytes: real } = replica;
    if (!promised && !real) return "·";
    if (Math.max(promised ?? 0, real ?? 0) < SMALL_BYTES) {
      return `${format.bytes(promised)} / ${format.bytes(real)}`;
    }
    return t("gigabytes", { promised: format.gigabytes(promised), real: format.gigabytes(real) });
  }
}

function Scale({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.replicas");
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const scale = useMutation({
    mutationFn: (replicas: number) => changeDeployment(deployment.id, { replicas, force: false }),
    onSuccess: (operation) => announce(operation, titleOf(operation)),
  });
  const against = reasonAgainst(deployment, "change_deployment");
  const count = deployment.replica_count;
  return (
    <>
      <ProblemLine error={scale.error} />
      <IconButton
        kind="plain"
        icon={MinusIcon}
        label={t("fewer")}
        busy={scale.isPending}
        disabled={count <= 1}
        disabledReason={against}
        onClick={() => scale.mutate(count - 1)}
      />
      <IconButton
        kind="plain"
        icon={PlusIcon}
        label={t("more")}
        busy={scale.isPending}
        disabled={count >= 16}
        disabledReason={against}
        onClick={() => scale.mutate(count + 1)}
      />
    </>
  );
}
