import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { showToast } from "@/ui/toasts";
import { ChangeList } from "./ChangeList";
import { updateRoute } from "./queries";
import styles from "./routes.module.css";
import { useRevert, useSaved } from "./useRevert";
import type { useRouteDraft } from "./useRouteDraft";
import { useRouteWords } from "./useRouteWords";

interface SaveDialogProps {
  route: RouteOut;
  edit: ReturnType<typeof useRouteDraft>;
  out: readonly string[];
  onSaved: (route: RouteOut) => void;
  onClose: () => void;
}

/** What will be different, before it is. */
export function SaveDialog({ route, edit, out, onSaved, onClose }: SaveDialogProps) {
  const t = useTranslations("routes.save");
  const words = useRouteWords();
  const [note, setNote] = useState("");
  const takeOver = useSaved(route);
  const revert = useRevert(route, onSaved);
  const { document, base } = edit;
  const save = useMutation({
    mutationFn: () => updateRoute(route.id, { document, version: base.version, note: note.trim() }),
    onSuccess: (saved) => {
      takeOver(saved);
      onSaved(saved);
      onClose();
      showToast({
        tone: "good",
        text: t("saved", { name: saved.name, version: String(saved.version) }),
        action: { label: t("undo"), run: () => revert.mutate(base.version) },
      });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title", { name: route.name })}
      width={560}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={save.isPending}>
            {t("submit", { version: String(route.version + 1) })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <ChangeList changes={edit.changes} />
        <p className={styles.after}>{words.summary(document, out)}</p>
        <TextInput
          data-autofocus
          label={t("note")}
          description={t("noteHint")}
          value={note}
          maxLength={200}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <p className="xs dim">{t("within")}</p>
        <ProblemLine error={save.error} />
      </div>
    </Dialog>
  );
}
