import { PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut, KeyReportOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import styles from "./keys.module.css";
import { LimitTable } from "./LimitTable";
import { testSecret } from "./queries";
import { useKeyWords } from "./useKeyWords";

interface TestKeyDialogProps {
  /** The key whose secret it should be; without it any key of the team. */
  apiKey?: KeyOut;
  onClose: () => void;
}

/** Is this secret valid, what may it do, what is left of it, and why was it refused last? */
export function TestKeyDialog({ apiKey, onClose }: TestKeyDialogProps) {
  const t = useTranslations("keys.test");
  const [secret, setSecret] = useState("");
  const test = useMutation({ mutationFn: () => testSecret(secret.trim()), gcTime: 0 });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (secret.trim() && !test.isPending) test.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={apiKey ? t("titleOf", { name: apiKey.name }) : t("title")}
      width={620}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("close")}
          </Button>
          <Button kind="go" type="submit" busy={test.isPending} disabled={!secret.trim()}>
            {t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <PasswordInput
          data-autofocus
          autoComplete="off"
          label={t("label")}
          description={apiKey ? t("hintOf") : t("hint")}
          placeholder="hk_live_…"
          value={secret}
          onChange={(event) => {
            setSecret(event.currentTarget.value);
            test.reset();
          }}
        />
        <div role="status" className="stack">
          {test.data && <Found report={test.data} expected={apiKey} onClose={onClose} />}
          <ProblemLine error={test.error} />
        </div>
      </div>
    </Dialog>
  );
}

interface FoundProps {
  report: KeyReportOut;
  expected: KeyOut | undefined;
  onClose: () => void;
}

function Found({ report, expected, onClose }: FoundProps) {
  const t = useTranslations("keys.test");
  const format = useFormat();
  const words = useKeyWords();
  const { key, last_refusal: refusal } = report;
  const isAnother = expected !== undefined && expected.id !== key.id;
  const answering = report.models.filter((model) => model.allowed && model.answers);
  return (
    <>
      <div className="stack tight">
        <StateBadge
          bare
          state={report.works ? "active" : "failed"}
          label={t(report.works ? "works" : "refused", { name: key.name })}
        />
        {isAnother && <StateBadge bare state="waiting" label={t("another", { name: key.name })} />}
        {report.secret === "previous" && (
          <StateBadge
            bare
            state="waiting"
            label={t("previous", { moment: format.dateTime(key.previous_until) })}
          />
        )}
        <p className="sm soft break">{report.sentence}</p>
      </div>
      <section className="stack tight">
        <h2>{t("models")}</h2>
        <p className="sm soft break">
          {answering.length === 0
            ? t("noModels")
            : words.list(answering.map((model) => model.name))}
        </p>
      </section>
      {report.limits.length > 0 && (
        <section className="stack tight">
          <h2>{t("limits")}</h2>
          <div className={styles.boxed}>
            <LimitTable uses={report.limits} label={t("limits")} />
          </div>
        </section>
      )}
      <section className="stack tight">
        <h2>{t("lastRefusal")}</h2>
        <p className="sm soft break">
          {refusal ? `${format.relative(refusal.at)}: ${refusal.reason}` : t("neverRefused")}
        </p>
      </section>
      {!expected && (
        <span>
          <ButtonLink
            size="sm"
            to="/keys/$keyId"
            params={{ keyId: String(key.id) }}
            search={{}}
            onClick={onClose}
          >
            {t("open", { name: key.name })}
          </ButtonLink>
        </span>
      )}
    </>
  );
}
