import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { showToast } from "@/ui/toasts";
import { AdvancedFields, KeyFields } from "./KeyFields";
import { KeySummary } from "./KeySummary";
import { draftOf, missing, toChange } from "./newKey";
import { changeKey, modelNamesQuery } from "./queries";

/** Everything about a key but its owner and its secret. */
export function ChangeKeyDialog({ apiKey, onClose }: { apiKey: KeyOut; onClose: () => void }) {
  const t = useTranslations("keys.change");
  const tNew = useTranslations("keyIssue.newKey");
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(apiKey));
  const names = useQuery(modelNamesQuery).data ?? [];
  const change = useMutation({
    mutationFn: () => changeKey(apiKey.id, toChange(draft, apiKey)),
    onSuccess: () => {
      showToast({ tone: "good", text: t("saved", { name: draft.name.trim() }) });
      void queryClient.invalidateQueries({ queryKey: ["key"] });
      onClose();
    },
  });
  const lack = missing(draft);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!lack && !change.isPending) change.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title", { name: apiKey.name })}
      width={680}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {tNew("cancel")}
          </Button>
          <Button
            kind="go"
            type="submit"
            busy={change.isPending}
            disabledReason={lack && tNew(`missing.${lack}`)}
          >
            {t("save")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <KeyFields
          draft={draft}
          onChange={setDraft}
          modelNames={[...new Set([...names, ...(apiKey.models ?? apiKey.denied_models)])]}
          isMade
        />
        <AdvancedFields draft={draft} onChange={setDraft} />
        <ProblemLine error={change.error} />
        <KeySummary draft={draft} />
      </div>
    </Dialog>
  );
}
