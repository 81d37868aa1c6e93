import { Checkbox } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { IssuedKeyOut } from "@/api/generated/schema";
import { CopyLine } from "@/components/CopyBlock";
import { StateBadge, StateMark } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { endpoint } from "@/lib/endpoint";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { askOnce } from "./askGateway";
import { KeyFacts } from "./KeyFacts";
import styles from "./keys.module.css";
import { lastRequestQuery, useModelsOf } from "./queries";
import { SetupCards } from "./SetupCards";

interface IssuedKeyProps {
  issued: IssuedKeyOut;
  /** It is a new secret of a key that was there. */
  isRotated?: boolean;
  onClose: () => void;
}

const LOOK_EVERY_MS = 2000;

/** The secret, once; how to use it; and the moment its first request arrives. */
export function IssuedKey({ issued, isRotated, onClose }: IssuedKeyProps) {
  const t = useTranslations("keyIssue.issued");
  const format = useFormat();
  const [stored, setStored] = useState(false);
  const [shownAt] = useState(() => Date.now());
  const models = useModelsOf(issued);
  const last = useQuery({
    ...lastRequestQuery(issued.id),
    refetchInterval: (query) => (isAfter(query.state.data, shownAt) ? false : LOOK_EVERY_MS),
  }).data;
  const first = isAfter(last, shownAt) ? last : null;
  const test = useMutation({
    mutationFn: () =>
      askOnce({ secret: issued.secret, model: models[0] ?? "", words: t("testWords") }),
    gcTime: 0,
  });
  const mayLeave = stored || Boolean(first);
  const oldUntil = issued.previous_until;
  return (
    <Dialog
      open
      onClose={onClose}
      closable={mayLeave}
      title={t(isRotated ? "rotated" : "title", { name: issued.name })}
      width={1000}
      footer={
        <>
          <span className={styles.last}>
            <Checkbox
              label={t("stored")}
              checked={stored}
              onChange={(event) => setStored(event.currentTarget.checked)}
            />
          </span>
          <Button
            busy={test.isPending}
            disabledReason={models.length > 0 ? null : t("nothingServed")}
            onClick={() => test.mutate()}
          >
            {t("test")}
          </Button>
          <Button
            kind={mayLeave ? "go" : "plain"}
            disabledReason={mayLeave ? null : t("tickFirst")}
            onClick={onClose}
          >
            {t("done")}
          </Button>
        </>
      }
    >
      <div className={styles.issued}>
        <div className="stack">
          <div className={styles.field}>
            <span className="sm medium">{t("mayDo")}</span>
            <KeyFacts apiKey={issued} framed />
          </div>
          <p className="xs dim">
            {oldUntil ? t("rotatedHint", { moment: format.dateTime(oldUntil) }) : t("revokeHint")}
          </p>
        </div>
        <div className="stack">
          <div className={styles.field}>
            <span className="row between sm medium">
              {t("secret")}
              <StateBadge bare state="waiting" label={t("onlyNow")} />
            </span>
            <CopyLine text={issued.secret} label={t("copySecret")} loud />
            <small className="xs dim">{t("fingerprint")}</small>
          </div>
          <SetupCards baseUrl={endpoint()} apiKey={issued.secret} models={models} />
          <FirstRequest first={first ?? null} problem={test.error?.message ?? ""} />
        </div>
      </div>
    </Dialog>
  );
}

/** A key that was rotated has older requests; the new secret's first one is what is waited for. */
function isAfter(request: { at: string } | null | undefined, moment: number): boolean {
  return Boolean(request && Date.parse(request.at) >= moment);
}

interface FirstRequestProps {
  first: { status: number; prompt_tokens: number; completion_tokens: number; model: string } | null;
  problem: string;
}

function FirstRequest({ first, problem }: FirstRequestProps) {
  const t = useTranslations("keyIssue.issued");
  const format = useFormat();
  const worked = first !== null && first.status < 400;
  const tone = worked ? "good" : first || problem ? "attention" : "busy";
  return (
    <div className="row sm" role="status">
      <StateMark tone={tone} />
      <span className={worked ? "" : "soft"}>
        {worked
          ? t("firstRequest", {
              tokens: format.exact(first.prompt_tokens + first.completion_tokens),
              model: first.model,
            })
          : problem || (first ? t("firstFailed", { status: String(first.status) }) : t("waiting"))}
      </span>
    </div>
  );
}
