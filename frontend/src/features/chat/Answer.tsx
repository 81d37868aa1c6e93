import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { Notice } from "@/components/Notice";
import { useFormat } from "@/i18n/useFormat";
import { Button, IconButton } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { RetryIcon } from "@/ui/icons";
import { Mark } from "@/ui/Mark";
import styles from "./Chat.module.css";
import { type Message, speedOf } from "./conversation";

const Markdown = lazy(() => import("./Markdown"));

interface AnswerProps {
  message: Message;
  isLast: boolean;
  isBusy: boolean;
  isAsleep: boolean;
  onAgain: () => void;
}

export function Answer({ message, isLast, isBusy, isAsleep, onAgain }: AnswerProps) {
  const t = useTranslations("chat");
  const isWaiting = isBusy && !message.text && !message.thinking;
  return (
    <article className={styles.answer} aria-busy={isBusy}>
      <h2 className={styles.from}>{message.model}</h2>
      {message.thinking && (
        <details className={styles.thinking} open={isBusy && !message.text}>
          <summary>{isBusy && !message.text ? t("thinking") : t("thought")}</summary>
          <p>{message.thinking}</p>
        </details>
      )}
      {isWaiting && (
        <p className="row sm soft" role="status">
          <span className="state bare" data-tone="busy">
            <Mark tone="busy" />
          </span>
          {isAsleep ? t("waking", { model: message.model ?? "" }) : t("waiting")}
        </p>
      )}
      {message.text && (
        <div className={styles.text}>
          <Suspense fallback={<p className={styles.raw}>{message.text}</p>}>
            <Markdown text={message.text} />
          </Suspense>
        </div>
      )}
      {message.problem && (
        <Notice
          tone="bad"
          title={t("noAnswer")}
          actions={
            isLast && (
              <Button size="sm" icon={RetryIcon} onClick={onAgain}>
                {t("again")}
              </Button>
            )
          }
        >
          {message.problem.message || t("noAnswerDetail")}
        </Notice>
      )}
      {!isBusy && !message.problem && (
        <Measured message={message} {...(isLast ? { onAgain } : {})} />
      )}
    </article>
  );
}

/** What the answer took: first token, speed, tokens. */
function Measured({ message, onAgain }: { message: Message; onAgain?: () => void }) {
  const t = useTranslations("chat");
  const format = useFormat();
  const { answered } = message;
  const speed = answered ? speedOf(answered) : null;
  return (
    <footer className={styles.measured}>
      {message.isStopped && <span>{t("stopped")}</span>}
      {answered?.finish === "length" && <span>{t("cut")}</span>}
      {answered?.firstTokenMs != null && (
        <span>{t("firstToken", { duration: format.duration(answered.firstTokenMs) })}</span>
      )}
      {speed !== null && <span>{format.speed(speed)}</span>}
      {answered?.tokens != null && <span>{t("tokens", { count: answered.tokens })}</span>}
      <span className="row">
        {message.text && <CopyButton text={message.text} iconOnly label={t("copyAnswer")} />}
        {onAgain && <IconButton icon={RetryIcon} label={t("again")} onClick={onAgain} />}
      </span>
    </footer>
  );
}
