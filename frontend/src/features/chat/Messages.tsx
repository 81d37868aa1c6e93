import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Answer } from "./Answer";
import styles from "./Chat.module.css";
import type { Message } from "./conversation";

interface MessagesProps {
  messages: readonly Message[];
  isBusy: boolean;
  isAsleep: boolean;
  onAgain: () => void;
  onSuggest: (text: string) => void;
}

const NEAR_THE_END_PX = 80;

export function Messages({ messages, isBusy, isAsleep, onAgain, onSuggest }: MessagesProps) {
  const t = useTranslations("chat");
  const scroller = useRef<HTMLElement>(null);
  const atEnd = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new text is what moves the end
  useEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [messages]);

  function onScroll() {
    const element = scroller.current;
    if (!element) return;
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
    atEnd.current = distance < NEAR_THE_END_PX;
  }

  return (
    <section
      ref={scroller}
      className={styles.messages}
      onScroll={onScroll}
      tabIndex={0}
      aria-label={t("title")}
    >
      {messages.length === 0 && (
        <div className={styles.empty}>
          <p className="soft">{t("empty")}</p>
          <div className="row wrap">
            {(["one", "two", "three"] as const).map((key) => (
              <Button key={key} size="sm" onClick={() => onSuggest(t(`suggestions.${key}`))}>
                {t(`suggestions.${key}`)}
              </Button>
            ))}
          </div>
        </div>
      )}
      {messages.map((message, index) =>
        message.role === "user" ? (
          <div key={message.id} className={styles.mine}>
            <span className="visually-hidden">{t("you")}: </span>
            {message.text}
          </div>
        ) : (
          <Answer
            key={message.id}
            message={message}
            isLast={index === messages.length - 1}
            isBusy={isBusy && index === messages.length - 1}
            isAsleep={isAsleep}
            onAgain={onAgain}
          />
        ),
      )}
    </section>
  );
}
