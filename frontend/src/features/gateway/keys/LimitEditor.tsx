import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import styles from "./keys.module.css";
import { LimitFields } from "./LimitFields";
import { fromTexts, type LimitName, type Limits, toTexts } from "./limits";

interface LimitEditorProps {
  limits: Limits;
  busy: boolean;
  error: unknown;
  onSave: (limits: Record<LimitName, number | null>) => void;
  onCancel: () => void;
}

/** Limits edited where they stand. */
export function LimitEditor({ limits, busy, error, onSave, onCancel }: LimitEditorProps) {
  const t = useTranslations("keyLimits");
  const [texts, setTexts] = useState(() => toTexts(limits));
  const wanted = fromTexts(texts);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (wanted && !busy) onSave(wanted);
  }

  return (
    <form className={styles.editor} onSubmit={submit} noValidate>
      <LimitFields texts={texts} onChange={setTexts} />
      <div className="row wrap">
        <Button kind="go" size="sm" type="submit" busy={busy} disabled={wanted === null}>
          {t("save")}
        </Button>
        <Button kind="ghost" size="sm" onClick={onCancel}>
          {t("cancel")}
        </Button>
        <span className="xs dim">{t("within")}</span>
      </div>
      <ProblemLine error={error} />
    </form>
  );
}
