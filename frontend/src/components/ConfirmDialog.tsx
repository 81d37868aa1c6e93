import { TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ProblemLine } from "./ProblemNotice";

interface ConfirmDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What will be so afterwards, one sentence each: "3 keys stop working, used 4 min ago". */
  consequences: readonly ReactNode[];
  /** Named by its result: "Delete qwen3-8b". */
  confirm: string;
  /** The way back, where "Cancel" would be taken for the deed itself. */
  back?: string;
  /** Set it for what destroys data: the name has to be typed. */
  typeName?: string;
  onConfirm: () => void;
  busy?: boolean;
  error?: unknown;
}

/** Only before what cannot be taken back. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  consequences,
  confirm,
  back,
  typeName,
  onConfirm,
  busy,
  error,
}: ConfirmDialogProps) {
  const t = useTranslations("components.confirm");
  const [typed, setTyped] = useState("");
  const matches = !typeName || typed === typeName;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (matches) onConfirm();
  }

  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      width={480}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {back ?? t("cancel")}
          </Button>
          <Button kind="wipe" type="submit" busy={busy ?? false} disabled={!matches}>
            {confirm}
          </Button>
        </>
      }
    >
      <div className="stack">
        <ul className="stack tight soft sm" style={{ paddingInlineStart: "1.2em" }}>
          {consequences.map((consequence, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: sentences that never move
            <li key={index}>{consequence}</li>
          ))}
        </ul>
        {typeName && (
          <TextInput
            data-autofocus
            autoComplete="off"
            label={t("typeName", { name: typeName })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={typed.length >= typeName.length && !matches ? t("doesNotMatch") : undefined}
          />
        )}
        <ProblemLine error={error} />
      </div>
    </Dialog>
  );
}
