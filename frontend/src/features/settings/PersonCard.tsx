import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { UserOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Field } from "@/ui/Field";
import { showToast } from "@/ui/toasts";
import styles from "./settings.module.css";

export function PersonCard({ user }: { user: UserOut }) {
  const t = useTranslations("settings.profile");
  const queryClient = useQueryClient();
  const [fields, setFields] = useState({
    first_name: user.first_name,
    last_name: user.last_name,
    email: user.email,
  });
  const save = useMutation({
    mutationFn: () => unwrap(api.PATCH("/api/profile", { body: fields })),
    onSuccess: () => {
      showToast({ tone: "good", text: t("saved") });
      return queryClient.invalidateQueries({ queryKey: ["session"] });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  const set = (change: Partial<typeof fields>) => setFields({ ...fields, ...change });
  return (
    <Card title={t("person")}>
      <form className={styles.form} onSubmit={submit}>
        <Field
          label={t("firstName")}
          autoComplete="given-name"
          value={fields.first_name}
          onChange={(first_name) => set({ first_name })}
        />
        <Field
          label={t("lastName")}
          autoComplete="family-name"
          value={fields.last_name}
          onChange={(last_name) => set({ last_name })}
        />
        <Field
          label={t("email")}
          type="email"
          autoComplete="email"
          value={fields.email}
          onChange={(email) => set({ email })}
        />
        <ProblemLine error={save.error} />
        <Button type="submit" busy={save.isPending}>
          {t("save")}
        </Button>
      </form>
    </Card>
  );
}
