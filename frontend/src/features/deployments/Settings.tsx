import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { aiModelsQuery } from "@/api/aiModels";
import type { DeploymentOut, NodeFitOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { ProblemLine } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { changesBetween, countChanges, draftOf } from "./changes";
import { ContextField, CountFields, UnloadField } from "./DeployFields";
import deployStyles from "./deploy.module.css";
import styles from "./deployment.module.css";
import { changeDeployment, previewQuery } from "./queries";
import { useSettled } from "./useSettled";
import { inOrderOfRoom, toPreview } from "./wanted";

const SETTLED_AFTER_MS = 250;

/** How it is served, and how it should be: the difference is what gets applied. */
export function Settings({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.settings");
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const queryClient = useQueryClient();
  const before = draftOf(deployment);
  const [draft, setDraft] = useState(before);
  const changes = changesBetween(before, draft);
  const count = countChanges(changes);
  const trainedFor = useQuery(aiModelsQuery).data?.items.find(
    (row) => row.id === deployment.ai_model.id,
  )?.context_length;
  const asked = useSettled({ ...toPreview(draft, deployment.ai_model.id) }, SETTLED_AFTER_MS);
  const preview = useQuery(previewQuery(asked.value));
  const fit = inOrderOfRoom(preview.data?.nodes ?? [])[0];
  const apply = useMutation({
    mutationFn: (force: boolean) => changeDeployment(deployment.id, { ...changes, force }),
    onSuccess: (operation) => {
      announce(operation, titleOf(operation));
      void queryClient.invalidateQueries({ queryKey: ["deployment"] });
    },
  });
  const against = reasonAgainst(deployment, "change_deployment");
  const refused = apply.error !== null;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (count > 0 && !against && !apply.isPending) apply.mutate(false);
  }

  return (
    <Card title={t("title")} note={count > 0 ? t("changes", { count }) : undefined}>
      <form onSubmit={submit}>
        <p className="sm soft" style={{ marginBottom: 16 }}>
          {t("sentence")}
        </p>
        <div className={styles.form}>
          <div className="stack">
            <ContextField
              trainedFor={trainedFor ?? null}
              value={draft.contextLength}
              onChange={(contextLength) => setDraft({ ...draft, contextLength })}
              fit={fit}
            />
            <CountFields draft={draft} onChange={setDraft} />
          </div>
          <div className="stack">
            <div className={deployStyles.field}>
              <span className="sm medium">{t("kvType")}</span>
              <span>
                <Segments
                  label={t("kvType")}
                  value={draft.kvType}
                  choices={(["f16", "q8_0", "q4_0"] as const).map((value) => ({
                    value,
                    label: t(value),
                  }))}
                  onChange={(kvType) => setDraft({ ...draft, kvType })}
                />
              </span>
              <small className="xs dim">{t("kvHint")}</small>
            </div>
            <UnloadField draft={draft} onChange={setDraft} />
            {fit && <FitLine fit={fit} isOld={asked.isMoving || preview.isFetching} />}
          </div>
        </div>
        <div className={styles.buttons}>
          <Button
            kind="go"
            type="submit"
            busy={apply.isPending}
            disabledReason={against ?? (count === 0 ? t("nothing") : null)}
          >
            {t("apply")}
          </Button>
          {refused && (
            <Button busy={apply.isPending} onClick={() => apply.mutate(true)}>
              {t("applyAnyway")}
            </Button>
          )}
          {count > 0 && (
            <Button kind="ghost" onClick={() => setDraft(before)}>
              {t("undo")}
            </Button>
          )}
          <ProblemLine error={apply.error} />
        </div>
      </form>
    </Card>
  );
}

function FitLine({ fit, isOld }: { fit: NodeFitOut; isOld: boolean }) {
  const t = useTranslations("deployments.settings");
  const format = useFormat();
  const needed = format.bytes(fit.needed_bytes);
  const node = fit.node.name;
  return (
    <p className="sm" style={{ opacity: isOld ? 0.5 : 1 }} role="status">
      <StateBadge
        bare
        state={fit.fits ? "ready" : "failed"}
        label={
          fit.fits
            ? t("fits", { needed, node, spare: format.bytes(fit.spare_bytes) })
            : t("tooBig", { needed, node, missing: format.bytes(-fit.spare_bytes) })
        }
      />
    </p>
  );
}
