import { PasswordInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { peopleQuery } from "./queries";
import { ROLES, type Role } from "./useRoleWord";

export function AddPersonDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("settings.settings");
  const queryClient = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const add = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/api/users", { body: { username: username.trim(), password, role } })),
    onSuccess: () => {
      onClose();
      return queryClient.invalidateQueries({ queryKey: peopleQuery.queryKey });
    },
  });
  const isReady = username.trim() !== "" && password !== "";

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReady) add.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("addPerson")}
      width={440}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={add.isPending} disabled={!isReady}>
            {username.trim() ? t("add", { name: username.trim() }) : t("addPerson")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          data-autofocus
          label={t("username")}
          autoComplete="off"
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label={t("password")}
          description={t("passwordNote")}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Select
          label={t("role")}
          description={t(`roleNotes.${role}`)}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
          value={role}
          onChange={(value) => setRole((value ?? "viewer") as Role)}
        />
        <ProblemLine error={add.error} />
      </div>
    </Dialog>
  );
}
