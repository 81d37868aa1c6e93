import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { LogViewer } from "@/components/LogViewer";
import { EMPTY_LOG } from "@/components/logBuffer";
import { ProblemNotice } from "@/components/ProblemNotice";
import { Segments } from "@/ui/Chips";
import { replicaLogQuery } from "./queries";

interface ReplicaLogProps {
  deployment: DeploymentOut;
  position: number;
  onPosition: (position: number) => void;
}

const HEIGHT = 320;
export const REPLICA_LOG_ID = "replica-log";

/** What the model server of one replica writes, as it writes it. */
export function ReplicaLog({ deployment, position, onPosition }: ReplicaLogProps) {
  const t = useTranslations("deployments.log");
  const query = useQuery(replicaLogQuery(deployment.id, position));
  if (query.isError && !query.data) {
    return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  return (
    <div className="stack tight" id={REPLICA_LOG_ID}>
      {deployment.replicas.length > 1 && (
        <Segments
          label={t("choose")}
          value={String(position)}
          choices={deployment.replicas.map((replica) => ({
            value: String(replica.position),
            label: t("replica", { position: String(replica.position) }),
          }))}
          onChange={(value) => onPosition(Number(value))}
        />
      )}
      <LogViewer
        lines={(query.data ?? EMPTY_LOG).lines}
        note={t("note", { position: String(position) })}
        fileName={`${deployment.name}-${position}`}
        height={HEIGHT}
      />
    </div>
  );
}
