import { MultiSelect, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Segments } from "@/ui/Chips";
import { Dialog } from "@/ui/Dialog";
import styles from "../gateway.module.css";
import { IssuedKey } from "./IssuedKey";
import { FIRST_KEY, isReadyToIssue, LASTS, toIssue } from "./newKey";
import { issueKey, modelNamesQuery } from "./queries";

/** Two steps: what the key may do, then its secret, shown once. */
export function IssueKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("keys.newKey");
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(FIRST_KEY);
  const names = useQuery(modelNamesQuery).data ?? [];
  const issue = useMutation({
    mutationFn: () => issueKey(toIssue(draft)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["key"] }),
    // The answer holds the secret: it must not outlive this dialog.
    gcTime: 0,
  });

  if (issue.data) {
    return <IssuedKey issued={issue.data} modelNames={names} onClose={onClose} />;
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReadyToIssue(draft) && !issue.isPending) issue.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={issue.isPending} disabled={!isReadyToIssue(draft)}>
            {t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          data-autofocus
          label={t("name")}
          description={t("nameHint")}
          placeholder={t("namePlaceholder")}
          value={draft.name}
          maxLength={100}
          onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
        />
        <Switch
          label={t("onlyModels")}
          checked={draft.onlyModels}
          onChange={(event) => setDraft({ ...draft, onlyModels: event.currentTarget.checked })}
        />
        {draft.onlyModels && (
          <MultiSelect
            label={t("models")}
            description={t("modelsHint")}
            placeholder={draft.models.length === 0 ? t("modelsPlaceholder") : ""}
            data={names}
            value={[...draft.models]}
            searchable
            onChange={(models) => setDraft({ ...draft, models })}
          />
        )}
        <div className={styles.field}>
          <span className="sm medium">{t("lasts")}</span>
          <span>
            <Segments
              label={t("lasts")}
              value={draft.lasts}
              choices={LASTS.map((value) => ({
                value,
                label: value === "never" ? t("forever") : t("days", { days: value }),
              }))}
              onChange={(lasts) => setDraft({ ...draft, lasts })}
            />
          </span>
        </div>
        <ProblemLine error={issue.error} />
      </div>
    </Dialog>
  );
}
