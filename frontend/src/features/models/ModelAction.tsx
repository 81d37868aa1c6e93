import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { OperationOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { StateBadge } from "@/components/StateBadge";
import { isMoving } from "@/components/states";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { Meter } from "@/ui/Meter";
import type { ModelRow } from "./catalogue";
import styles from "./models.module.css";

interface ModelActionProps {
  row: ModelRow;
  /** What works on its file now. */
  operation: OperationOut | null;
}

/** The one thing to do with a model now, or how far what is being done has come. */
export function ModelAction({ row, operation }: ModelActionProps) {
  const t = useTranslations("models");
  const mayDeploy = useMay("deploy");
  const state = row.aiModel?.state;
  const deployment = row.deploymentNames[0];
  if (deployment) {
    return (
      <Link to="/deployments/$name" params={{ name: deployment }}>
        <StateBadge bare state="ready" label={t("deployed")} />
      </Link>
    );
  }
  if (state && isMoving(state)) return <Progress row={row} operation={operation} />;
  if (state === "failed") {
    return (
      <Link to="/models/$name" params={{ name: row.name }}>
        <StateBadge bare state="failed" />
      </Link>
    );
  }
  if (!mayDeploy) return null;
  const search = { dialog: "deploy", model: row.name };
  if (row.fit && !row.fit.fits) {
    return (
      <Link to="." search={(before) => ({ ...before, ...search })} className={styles.why}>
        {t("whatWouldItTake")}
        <span className="visually-hidden"> {row.title}</span>
      </Link>
    );
  }
  return (
    <ButtonLink size="sm" to="." search={(before) => ({ ...before, ...search })}>
      {t("deploy")}
      <span className="visually-hidden"> {row.title}</span>
    </ButtonLink>
  );
}

function Progress({ row, operation }: ModelActionProps) {
  const t = useTranslations("models");
  const format = useFormat();
  const progress = operation?.progress ?? null;
  const badge = <StateBadge bare state={row.aiModel?.state ?? ""} />;
  if (!operation) return badge;
  if (progress === null) {
    return (
      <Link to="/operations/$operationId" params={{ operationId: operation.id }}>
        {badge}
      </Link>
    );
  }
  const share = format.share(progress);
  return (
    <Link
      to="/operations/$operationId"
      params={{ operationId: operation.id }}
      className={styles.progress}
      title={operation.progress_text || t("openOperation")}
    >
      <span>
        <Meter label={t("progressOf", { name: row.title, share })} share={progress} />
      </span>
      <span className="xs dim">{share}</span>
    </Link>
  );
}
