import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { draftOf, isReady, toChange } from "./draft";
import { changeUpstream } from "./queries";
import { UpstreamFields } from "./UpstreamFields";

interface ChangeUpstreamDialogProps {
  upstream: UpstreamOut;
  onClose: () => void;
}

/** Only what differs is sent; the stored key stays unless a new one is typed. */
export function ChangeUpstreamDialog({ upstream, onClose }: ChangeUpstreamDialogProps) {
  const t = useTranslations("upstreams.change");
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(upstream));
  const change = toChange(draft, upstream);
  const isChanged = Object.keys(change).length > 0;
  const save = useMutation({
    mutationFn: () => changeUpstream(upstream.id, change),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["upstream"] });
      void queryClient.invalidateQueries({ queryKey: ["route"] });
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReady(draft) && isChanged && !save.isPending) save.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title", { name: upstream.name })}
      width={600}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button
            kind="go"
            type="submit"
            busy={save.isPending}
            disabled={!isReady(draft)}
            disabledReason={isChanged ? null : t("nothing")}
          >
            {t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <UpstreamFields draft={draft} onChange={setDraft} stored={upstream} />
        <p className="xs dim">{t("within")}</p>
        <ProblemLine error={save.error} />
      </div>
    </Dialog>
  );
}
