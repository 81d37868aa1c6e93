import { Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { CopyLine } from "@/components/CopyBlock";
import { ProblemLine } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { tokensQuery } from "./queries";

const DAY_MS = 86_400_000;
const SPANS = { never: null, in30Days: 30, in90Days: 90, inAYear: 365 } as const;
type Span = keyof typeof SPANS;

/** Two steps: what for, then the secret, once. It is in no address and in no store. */
export function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("settings.profile");
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [span, setSpan] = useState<Span>("in90Days");
  const issue = useMutation({
    gcTime: 0,
    mutationFn: () => {
      const days = SPANS[span];
      const expires_at = days === null ? null : new Date(Date.now() + days * DAY_MS).toISOString();
      return unwrap(api.POST("/api/tokens", { body: { name: name.trim(), expires_at } }));
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });

  if (issue.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        closable={false}
        title={t("tokenReady", { name: issue.data.name })}
        footer={
          <Button kind="go" onClick={onClose}>
            {t("done")}
          </Button>
        }
      >
        <div className="stack tight">
          <StateBadge bare state="waiting" tone="attention" label={t("shownOnce")} />
          <CopyLine loud text={issue.data.secret} label={t("copyToken")} />
        </div>
      </Dialog>
    );
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim()) issue.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("newToken")}
      width={440}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={issue.isPending} disabled={!name.trim()}>
            {t("issue")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          data-autofocus
          label={t("tokenName")}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={t("tokenExpires")}
          data={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: t(value) }))}
          value={span}
          onChange={(value) => setSpan((value ?? "in90Days") as Span)}
        />
        <ProblemLine error={issue.error} />
      </div>
    </Dialog>
  );
}
