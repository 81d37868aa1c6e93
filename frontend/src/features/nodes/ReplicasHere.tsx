import { useTranslations } from "use-intl";
import type { DeploymentOut, NodeOut, ReplicaOut } from "@/api/generated/schema";
import { Empty } from "@/components/Empty";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { NameCell, TwoLines } from "@/ui/DataTable";
import styles from "./nodes.module.css";

export interface ReplicaRow {
  deployment: DeploymentOut;
  replica: ReplicaOut;
}

export function replicasOn(node: NodeOut, deployments: readonly DeploymentOut[]): ReplicaRow[] {
  return deployments.flatMap((deployment) =>
    deployment.replicas
      .filter((replica) => replica.node.id === node.id)
      .map((replica) => ({ deployment, replica })),
  );
}

interface ReplicasProps {
  node: NodeOut;
  deployments: readonly DeploymentOut[];
  /** On a tab of its own: nothing here gets a whole sentence. */
  alone?: boolean;
}

/** What runs here, with the memory that was promised to it and what it really took. */
export function ReplicasHere({ node, deployments, alone }: ReplicasProps) {
  const t = useTranslations("nodes.replicas");
  const format = useFormat();
  const rows = replicasOn(node, deployments);
  const catalogue = <ButtonLink to="/models">{t("deploy")}</ButtonLink>;

  if (rows.length === 0 && alone) return <Empty action={catalogue}>{t("none")}</Empty>;
  return (
    <Card title={t("title")} fill="flush">
      {rows.length === 0 ? (
        <p className="list">
          <span className="dim">{t("none")}</span>
        </p>
      ) : (
        <section className={styles.scroll} aria-label={t("table")} tabIndex={0}>
          <table className={styles.plain}>
            <thead>
              <tr>
                <th scope="col">{t("deployment")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("memory")}</th>
                <th scope="col" data-align="right" className="desk">
                  {t("restarts")}
                </th>
                <th scope="col" data-align="right" className="desk">
                  {t("up")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ deployment, replica }) => (
                <tr key={replica.id}>
                  <td>
                    <NameCell
                      to="/deployments/$name"
                      params={{ name: deployment.name }}
                      name={deployment.name}
                      note={t("detail", {
                        position: String(replica.position),
                        context: format.shortCount(deployment.context_length),
                      })}
                    />
                  </td>
                  <td>
                    <TwoLines note={replica.state !== "ready" && replica.state_reason}>
                      <StateBadge state={replica.state} bare={replica.state !== "ready"} />
                    </TwoLines>
                  </td>
                  <td>
                    <TwoLines
                      note={
                        replica.measured_peak_bytes
                          ? t("peak", { size: format.bytes(replica.measured_peak_bytes) })
                          : ""
                      }
                    >
                      {format.bytes(replica.estimated_bytes)} / {format.bytes(replica.memory_bytes)}
                    </TwoLines>
                  </td>
                  <td data-align="right" className="desk soft">
                    {replica.restarts}
                  </td>
                  <td data-align="right" className="desk soft">
                    {replica.ready_at
                      ? format.duration(Date.now() - Date.parse(replica.ready_at))
                      : "·"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Card>
  );
}
