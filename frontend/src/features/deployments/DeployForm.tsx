import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useLocale, useTranslations } from "use-intl";
import { addAIModel } from "@/api/aiModels";
import type { PreviewOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { useFormat } from "@/i18n/useFormat";
import { formatContext, usualContext } from "@/lib/context";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { DeployFields } from "./DeployFields";
import styles from "./deploy.module.css";
import { Fetching } from "./Fetching";
import { deployModel, previewQuery } from "./queries";
import { firstVersion, type Target } from "./target";
import { useSettled } from "./useSettled";
import { WhatWillHappen } from "./WhatWillHappen";
import { WhereItFits } from "./WhereItFits";
import {
  applyChanges,
  asApiCall,
  type Draft,
  FIRST_DRAFT,
  freeName,
  isGoodName,
  proposedName,
  toDeployment,
  toPreview,
} from "./wanted";

interface DeployFormProps {
  target: Target;
  takenNames: readonly string[];
  askedVersion: string | undefined;
  width: number;
  onClose: () => void;
}

const SETTLED_AFTER_MS = 250;

/** Left what is wanted, right where it fits and what will happen; the button says the result. */
export function DeployForm({ target, takenNames, askedVersion, width, onClose }: DeployFormProps) {
  const t = useTranslations("deployments.deploy");
  const format = useFormat();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [versionKey, setVersionKey] = useState(() => firstVersion(target, askedVersion)?.key);
  const [draft, setDraft] = useState<Draft>(() => ({
    ...FIRST_DRAFT,
    name: freeName(proposedName(target.title), takenNames),
    contextLength: usualContext(target.contextLength),
  }));
  const [accepted, setAccepted] = useState(false);

  const version = target.versions.find((each) => each.key === versionKey);
  const aiModel = version?.aiModel ?? null;
  const isHere = aiModel?.state === "ready";
  const hasFailed = aiModel?.state === "failed";
  const isAsked = aiModel !== null && !hasFailed;
  const asked = useSettled(isAsked ? toPreview(draft, aiModel.id) : null, SETTLED_AFTER_MS);
  const preview = useQuery(previewQuery(asked.value));
  const isOld = isAsked && (asked.isMoving || preview.isPlaceholderData || preview.isFetching);
  const answer = isAsked ? preview.data : undefined;
  const fits = answer?.fits ?? false;

  const fetchFile = useMutation({
    mutationFn: () =>
      addAIModel({
        name: "",
        source: { catalogue: target.name, version: versionKey ?? "" },
        accept_licence: accepted,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["ai_model"] }),
  });
  /** One click: the file is asked for when nobody has yet, and the server does the rest. */
  const deploy = useMutation({
    mutationFn: async (force: boolean) => {
      const id = aiModel?.id ?? Number((await fetchFile.mutateAsync()).subject_id);
      return deployModel(toDeployment(draft, id, force));
    },
    onSuccess: (operation) => {
      void queryClient.invalidateQueries({ queryKey: ["deployment"] });
      if (isHere) {
        void navigate({ to: "/deployments/$name", params: { name: draft.name }, search: {} });
      } else {
        void navigate({
          to: "/operations/$operationId",
          params: { operationId: operation.id },
          search: {},
        });
      }
    },
  });

  const nameProblem = !isGoodName(draft.name)
    ? t("nameWrong")
    : takenNames.includes(draft.name)
      ? t("nameTaken", { name: draft.name })
      : null;
  const names = useNames(answer);
  const isTooBig = !aiModel && version?.fit?.fits === false;
  const needsAcceptance = Boolean(target.licence?.accept) && !aiModel && !accepted;

  const fetchRefused =
    nameProblem ??
    (isTooBig ? (version?.fit?.sentence ?? null) : null) ??
    (needsAcceptance ? t("acceptFirst") : null);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (nameProblem || deploy.isPending) return;
    if (isAsked ? fits && !isOld : !aiModel && !fetchRefused) deploy.mutate(false);
  }

  const about = [
    target.parameterCount && t("parameters", { count: format.parameters(target.parameterCount) }),
    target.licence?.name,
    target.contextLength && t("contextAtMost", { tokens: formatContext(target.contextLength) }),
  ];

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title", { name: target.title })}
      note={about.filter(Boolean).join(" · ")}
      noteUnderTitle
      width={width}
      onSubmit={submit}
      footer={
        <>
          <span className={`sm soft ${styles.last}`} role="status">
            {answer && !fits ? answer.sentence : ""}
          </span>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          {isAsked && (
            <span className="desk">
              <CopyButton
                kind="plain"
                size="md"
                label={t("copyAsCall")}
                text={() =>
                  asApiCall(toDeployment(draft, aiModel.id, false), window.location.origin)
                }
              />
            </span>
          )}
          {answer && !fits && !isOld && answer.nodes.length > 0 && (
            <Button
              busy={deploy.isPending}
              disabledReason={nameProblem}
              onClick={() => deploy.mutate(true)}
            >
              {t("tryAnyway")}
            </Button>
          )}
          {isTooBig && (
            <Button
              busy={deploy.isPending}
              disabledReason={nameProblem ?? (needsAcceptance ? t("acceptFirst") : null)}
              onClick={() => deploy.mutate(true)}
            >
              {t("fetchAnyway")}
            </Button>
          )}
          {isAsked ? (
            <Button
              kind="go"
              type="submit"
              busy={deploy.isPending}
              disabled={!answer}
              disabledReason={nameProblem ?? (answer && !fits ? answer.sentence : null)}
            >
              {fits && names ? t("deployOn", { nodes: names }) : t("deploy")}
            </Button>
          ) : (
            <Button
              kind="go"
              type="submit"
              busy={deploy.isPending}
              disabled={hasFailed}
              disabledReason={fetchRefused}
            >
              {t("fetchAndDeploy", { size: format.bytes(version?.sizeBytes) })}
            </Button>
          )}
        </>
      }
    >
      <div className={styles.halves}>
        <DeployFields
          target={target}
          draft={draft}
          onChange={setDraft}
          nameProblem={nameProblem}
          versionKey={versionKey}
          onVersion={setVersionKey}
          fit={roomiest(answer)}
        />
        <div className="stack">
          <WhereItFits
            preview={answer}
            summary={isAsked ? null : (version?.fit ?? null)}
            sizeBytes={version?.sizeBytes ?? null}
            isOld={isOld}
            isAsked={isAsked}
            error={preview.error}
            onSuggestion={(changes) => setDraft((before) => applyChanges(before, changes))}
          />
          <WhatWillHappen
            target={target}
            version={version}
            draft={draft}
            preview={answer}
            isOld={isOld}
          />
          {!isHere && version && (
            <Fetching
              target={target}
              version={version}
              accepted={accepted}
              onAccept={setAccepted}
            />
          )}
          <ProblemLine error={deploy.error} />
        </div>
      </div>
    </Dialog>
  );
}

/** The nodes that would serve it, as a person would list them. */
function useNames(preview: PreviewOut | undefined): string {
  const locale = useLocale();
  const names = [...new Set(preview?.placements.map((place) => place.node.name) ?? [])];
  return new Intl.ListFormat(locale).format(names);
}

function roomiest(preview: PreviewOut | undefined) {
  return [...(preview?.nodes ?? [])].sort((one, other) => other.spare_bytes - one.spare_bytes)[0];
}
