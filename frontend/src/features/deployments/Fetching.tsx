import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { operationQuery } from "@/api/aiModels";
import { Notice } from "@/components/Notice";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { Meter } from "@/ui/Meter";
import styles from "./deploy.module.css";
import type { Target, VersionChoice } from "./target";

interface FetchingProps {
  target: Target;
  version: VersionChoice;
  accepted: boolean;
  onAccept: (accepted: boolean) => void;
}

const ASK_AGAIN_MS = 2000;

/** What stands between a version and its deployment: its terms, and the way of its file to here. */
export function Fetching({ target, version, accepted, onAccept }: FetchingProps) {
  const t = useTranslations("deployments.fetching");
  const { aiModel } = version;
  if (!aiModel) {
    if (!target.licence?.accept) return null;
    return (
      <div className={styles.terms}>
        <Checkbox
          label={t("accept", { licence: target.licence.name })}
          checked={accepted}
          onChange={(event) => onAccept(event.currentTarget.checked)}
        />
        {target.licence.url && (
          <a className="link sm" href={target.licence.url} target="_blank" rel="noreferrer">
            {t("readTerms")}
          </a>
        )}
      </div>
    );
  }
  if (aiModel.state === "failed") {
    return (
      <Notice
        tone="bad"
        title={t("failed")}
        actions={
          <ButtonLink size="sm" to="/models/$name" params={{ name: target.name }} search={{}}>
            {t("openModel")}
          </ButtonLink>
        }
      >
        {aiModel.state_reason}
      </Notice>
    );
  }
  return (
    <Progress
      operationId={aiModel.current_operation_id ?? null}
      words={t("thenDeploys")}
      reason={aiModel.state_reason}
    />
  );
}

interface ProgressProps {
  operationId: string | null;
  words: string;
  reason: string;
}

function Progress({ operationId, words, reason }: ProgressProps) {
  const t = useTranslations("deployments.fetching");
  const format = useFormat();
  const query = useQuery({
    ...operationQuery(operationId ?? ""),
    enabled: operationId !== null,
    refetchInterval: ASK_AGAIN_MS,
  });
  const share = query.data?.progress ?? 0;
  return (
    <section className="stack tight" aria-live="polite">
      <div className="row between sm">
        <span className="medium">{words}</span>
        {operationId && (
          <Link
            className="link xs"
            to="/operations/$operationId"
            params={{ operationId }}
            search={{}}
          >
            {t("openOperation")}
          </Link>
        )}
      </div>
      <Meter label={format.share(share)} share={share} />
      <span className="xs dim">{query.data?.progress_text || reason || t("waits")}</span>
    </section>
  );
}
