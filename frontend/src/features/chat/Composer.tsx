import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { SendIcon, SquareIcon } from "@/ui/icons";
import styles from "./Chat.module.css";

interface ComposerProps {
  model: string;
  isBusy: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

export function Composer({ model, isBusy, onSend, onStop }: ComposerProps) {
  const t = useTranslations("chat");
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, []);

  function send() {
    if (!text.trim() || isBusy || !model) return;
    onSend(text.trim());
    setText("");
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && isBusy) {
      onStop();
    }
  }

  return (
    <div className={styles.composer}>
      <textarea
        ref={area}
        rows={2}
        aria-label={t("message")}
        placeholder={t("placeholder", { model: model || "…" })}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {isBusy ? (
        <Button icon={SquareIcon} onClick={onStop}>
          {t("stop")}
        </Button>
      ) : (
        <Button kind="go" icon={SendIcon} disabled={!text.trim() || !model} onClick={send}>
          {t("send")}
        </Button>
      )}
    </div>
  );
}
