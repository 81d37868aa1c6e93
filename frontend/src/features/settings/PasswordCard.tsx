import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Field } from "@/ui/Field";
import { showToast } from "@/ui/toasts";
import styles from "./settings.module.css";

export function PasswordCard() {
  const t = useTranslations("settings.profile");
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation({
    mutationFn: () => unwrap(api.POST("/api/profile/password", { body: { current, new: next } })),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      showToast({ tone: "good", text: t("passwordChanged") });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (current && next) change.mutate();
  }

  return (
    <Card title={t("password")}>
      <form className={styles.form} onSubmit={submit}>
        <Field
          label={t("current")}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
        <Field
          label={t("next")}
          type="password"
          autoComplete="new-password"
          value={next}
          onChange={setNext}
        />
        <ProblemLine error={change.error} />
        <Button type="submit" busy={change.isPending} disabled={!current || !next}>
          {t("changePassword")}
        </Button>
      </form>
    </Card>
  );
}
