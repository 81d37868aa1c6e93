import { PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { StateBadge } from "@/components/StateBadge";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { modelsOf } from "./askGateway";

/** Is it valid, and what may it use? Asks the gateway as a client would. */
export function TestKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("keys.testKey");
  const [secret, setSecret] = useState("");
  const test = useMutation({ mutationFn: () => modelsOf(secret.trim()), gcTime: 0 });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (secret.trim() && !test.isPending) test.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      width={480}
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
          description={t("hint")}
          placeholder="hk_live_…"
          value={secret}
          onChange={(event) => {
            setSecret(event.currentTarget.value);
            test.reset();
          }}
        />
        <div role="status">
          {test.data && (
            <div className="stack tight">
              <StateBadge bare state="active" label={t("works")} />
              <p className="sm soft break">
                {test.data.length === 0 ? t("noModels") : test.data.join(", ")}
              </p>
            </div>
          )}
          {test.error && (
            <div className="stack tight">
              <StateBadge bare state="failed" label={t("refused")} />
              <p className="sm soft break">{test.error.message}</p>
            </div>
          )}
        </div>
      </div>
    </Dialog>
  );
}
