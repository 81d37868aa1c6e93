import { Checkbox } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { IssuedKeyOut } from "@/api/generated/schema";
import { CopyLine } from "@/components/CopyBlock";
import { Snippets } from "@/components/Snippets";
import { StateBadge, StateMark } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { endpoint } from "@/lib/endpoint";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import styles from "../gateway.module.css";
import { askOnce } from "./askGateway";
import { lastRequestQuery } from "./queries";

interface IssuedKeyProps {
  issued: IssuedKeyOut;
  modelNames: readonly string[];
  onClose: () => void;
}

const LOOK_EVERY_MS = 2000;

/** The secret, once; how to use it; and the moment its first request arrives. */
export function IssuedKey({ issued, modelNames, onClose }: IssuedKeyProps) {
  const t = useTranslations("keys.issued");
  const format = useFormat();
  const [stored, setStored] = useState(false);
  const model = issued.models?.[0] ?? modelNames[0] ?? "";
  const first = useQuery({
    ...lastRequestQuery(issued.id),
    refetchInterval: (query) => (query.state.data ? false : LOOK_EVERY_MS),
  }).data;
  const test = useMutation({
    mutationFn: () => askOnce({ secret: issued.secret, model, words: t("testWords") }),
    gcTime: 0,
  });
  const mayLeave = stored || Boolean(first);
  return (
    <Dialog
      open
      onClose={onClose}
      closable={mayLeave}
      title={t("title", { name: issued.name })}
      width={980}
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
            disabledReason={model ? null : t("nothingServed")}
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
            <dl className={styles.facts}>
              <div>
                <dt>{t("models")}</dt>
                <dd>{issued.models?.join(", ") ?? t("allModels")}</dd>
              </div>
              <div>
                <dt>{t("for")}</dt>
                <dd>{issued.owner}</dd>
              </div>
              <div>
                <dt>{t("expires")}</dt>
                <dd>{issued.expires_at ? format.day(issued.expires_at) : t("never")}</dd>
              </div>
              <div>
                <dt>{t("address")}</dt>
                <dd className="xs break">{endpoint()}</dd>
              </div>
              <div>
                <dt>{t("prompts")}</dt>
                <dd>{t("notKept")}</dd>
              </div>
            </dl>
          </div>
          <p className="xs dim">{t("revokeHint")}</p>
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
          <Snippets baseUrl={endpoint()} apiKey={issued.secret} model={model || "…"} />
          <FirstRequest first={first ?? null} problem={test.error?.message ?? ""} />
        </div>
      </div>
    </Dialog>
  );
}

interface FirstRequestProps {
  first: { status: number; prompt_tokens: number; completion_tokens: number; model: string } | null;
  problem: string;
}

function FirstRequest({ first, problem }: FirstRequestProps) {
  const t = useTranslations("keys.issued");
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
