import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { IssuedKey } from "./IssuedKey";
import { AdvancedFields, KeyFields } from "./KeyFields";
import { KeySummary } from "./KeySummary";
import { FIRST_KEY, missing, toIssue } from "./newKey";
import { issueKey, modelNamesQuery } from "./queries";

/** Two steps: what the key may do, then its secret, shown once. */
export function IssueKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("keyIssue.newKey");
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(FIRST_KEY);
  const names = useQuery(modelNamesQuery).data ?? [];
  const issue = useMutation({
    mutationFn: () => issueKey(toIssue(draft)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["key"] }),
    // The answer holds the secret: it must not outlive this dialog.
    gcTime: 0,
  });

  if (issue.data) return <IssuedKey issued={issue.data} onClose={onClose} />;

  const lack = missing(draft);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!lack && !issue.isPending) issue.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      width={680}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button
            kind="go"
            type="submit"
            busy={issue.isPending}
            disabledReason={lack && t(`missing.${lack}`)}
          >
            {t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <KeyFields draft={draft} onChange={setDraft} modelNames={names} />
        <AdvancedFields draft={draft} onChange={setDraft} />
        <ProblemLine error={issue.error} />
        <KeySummary draft={draft} />
      </div>
    </Dialog>
  );
}
