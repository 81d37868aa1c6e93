import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import type { FirstTokenState } from "./useFirstToken";
import styles from "./Welcome.module.css";

const FIRST_QUESTION = "reboot db-07";

export function FirstToken({ model, token }: { model: string; token: FirstTokenState }) {
  const t = useTranslations("home.welcome.token");
  const [question, setQuestion] = useState(FIRST_QUESTION);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (question.trim() && !token.isBusy) token.ask(question.trim());
  }

  return (
    <>
      <form className={styles.ask} onSubmit={submit}>
        <input
          aria-label={t("ask", { model })}
          placeholder={t("placeholder")}
          value={question}
          onChange={(event) => setQuestion(event.currentTarget.value)}
        />
        <Button kind={token.hasAnswered ? "plain" : "go"} type="submit" busy={token.isBusy}>
          {t("send")}
        </Button>
      </form>
      {token.answer && (
        <>
          <p className={styles.answer} aria-live="polite">
            {token.answer}
          </p>
          <p className="xs dim">{t("tiny")}</p>
        </>
      )}
      <ProblemLine error={token.error} />
    </>
  );
}
