import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
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
  const [deploysWhenHere, setDeploysWhenHere] = useState(false);

  const version = target.versions.find((each) => each.key === versionKey);
  const aiModel = version?.aiModel ?? null;
  const isHere = aiModel?.state === "ready";
  const asked = useSettled(isHere ? toPreview(draft, aiModel.id) : null, SETTLED_AFTER_MS);
  const preview = useQuery(previewQuery(asked.value));
  const isOld = isHere && (asked.isMoving || preview.isPlaceholderData || preview.isFetching);
  const answer = isHere ? preview.data : undefined;

  const fetchFile = useMutation({
    mutationFn: () =>
      addAIModel({
        name: "",
        source: { catalogue: target.name, version: versionKey ?? "" },
        accept_licence: accepted,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["ai_model"] }),
    onError: () => setDeploysWhenHere(false),
  });
  const deploy = useMutation({
    mutationFn: (force: boolean) => deployModel(toDeployment(draft, aiModel?.id ?? 0, force)),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["deployment"] });
      void navigate({ to: "/deployments/$name", params: { name: draft.name }, search: {} });
    },
  });

  const { mutate: startDeploying, isPending: isDeploying } = deploy;
  const mayDeployNow = deploysWhenHere && !isOld && answer !== undefined && !isDeploying;
  const fits = answer?.fits ?? false;
  useEffect(() => {
    if (!mayDeployNow) return;
    setDeploysWhenHere(false);
    if (fits) startDeploying(false);
  }, [mayDeployNow, fits, startDeploying]);

  const nameProblem = !isGoodName(draft.name)
    ? t("nameWrong")
    : takenNames.includes(draft.name)
      ? t("nameTaken", { name: draft.name })
      : null;
  const hasFailed = aiModel?.state === "failed";
  const isOnItsWay = aiModel !== null && !isHere && !hasFailed;
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
    if (isHere) {
      if (fits && !isOld) deploy.mutate(false);
    } else if (!aiModel && !fetchRefused && !fetchFile.isPending) {
      setDeploysWhenHere(true);
      fetchFile.mutate();
    }
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
            {footerSentence()}
          </span>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          {isHere && (
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
          {isHere && answer && !fits && !isOld && answer.nodes.length > 0 && (
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
              busy={fetchFile.isPending}
              disabledReason={needsAcceptance ? t("acceptFirst") : null}
              onClick={() => fetchFile.mutate()}
            >
              {t("fetchAnyway")}
            </Button>
          )}
          {isHere ? (
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
              busy={fetchFile.isPending || isOnItsWay}
              disabled={hasFailed}
              disabledReason={fetchRefused}
            >
              {isOnItsWay
                ? t("fetching")
                : t("fetchAndDeploy", { size: format.bytes(version?.sizeBytes) })}
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
          onVersion={(key) => {
            setVersionKey(key);
            setDeploysWhenHere(false);
          }}
          fit={roomiest(answer)}
        />
        <div className="stack">
          <WhereItFits
            preview={answer}
            summary={isHere ? null : (version?.fit ?? null)}
            sizeBytes={version?.sizeBytes ?? null}
            isOld={isOld}
            isHere={isHere}
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
              deploysWhenHere={deploysWhenHere}
            />
          )}
          <ProblemLine error={deploy.error ?? fetchFile.error} />
        </div>
      </div>
    </Dialog>
  );

  function footerSentence(): string {
    if (!isHere) return deploysWhenHere ? t("keepOpen") : "";
    return answer && !fits ? answer.sentence : "";
  }
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
