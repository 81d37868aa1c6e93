import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Chips } from "@/ui/Chips";
import { Dialog } from "@/ui/Dialog";
import { EMPTY, isReady, toAdd } from "./draft";
import { addressFor, beginningOf, PRESETS, type Preset } from "./presets";
import { addUpstream } from "./queries";
import { UpstreamFields } from "./UpstreamFields";

/** Any server that speaks OpenAI's or Anthropic's way, by its address and, where it asks, a key. */
export function AddUpstreamDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("upstreams.add");
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [preset, setPreset] = useState<Preset>("other");
  const [draft, setDraft] = useState(EMPTY);
  const { address, asksForKey } = beginningOf(preset);
  const add = useMutation({
    mutationFn: () => addUpstream(toAdd(draft, preset)),
    onSuccess: (upstream) => {
      void queryClient.invalidateQueries({ queryKey: ["upstream", "list"] });
      void navigate({
        to: "/upstreams/$upstreamId",
        params: { upstreamId: String(upstream.id) },
        search: {},
      });
    },
  });

  function choose(next: Preset) {
    setPreset(next);
    setDraft({ ...draft, address: addressFor(next, draft.address) });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReady(draft) && !add.isPending) add.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      width={600}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={add.isPending} disabled={!isReady(draft)}>
            {draft.name.trim() ? t("submitNamed", { name: draft.name.trim() }) : t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <div className="stack tight">
          <Chips
            label={t("kind")}
            value={preset}
            choices={PRESETS.map((value) => ({ value, label: t(`presets.${value}`) }))}
            onChange={choose}
          />
          <p className="xs soft">{t(`about.${preset}`)}</p>
        </div>
        <UpstreamFields
          draft={draft}
          onChange={setDraft}
          example={address}
          asksForKey={asksForKey}
        />
        <ProblemLine error={add.error} />
      </div>
    </Dialog>
  );
}
