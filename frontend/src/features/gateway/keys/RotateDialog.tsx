import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Segments } from "@/ui/Chips";
import { Dialog } from "@/ui/Dialog";
import { IssuedKey } from "./IssuedKey";
import styles from "./keys.module.css";
import { rotateKey } from "./queries";

const OVERLAPS = ["0", "1", "24", "72", "168"] as const;
type Overlap = (typeof OVERLAPS)[number];
const HOUR_MS = 3_600_000;

/** A new secret, while the old one goes on working for as long as somebody says. */
export function RotateDialog({ apiKey, onClose }: { apiKey: KeyOut; onClose: () => void }) {
  const t = useTranslations("keys.rotate");
  const format = useFormat();
  const queryClient = useQueryClient();
  const [overlap, setOverlap] = useState<Overlap>("24");
  const rotate = useMutation({
    mutationFn: () => rotateKey(apiKey.id, Number(overlap)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["key"] }),
    // The answer holds the secret: it must not outlive this dialog.
    gcTime: 0,
  });

  if (rotate.data) return <IssuedKey issued={rotate.data} isRotated onClose={onClose} />;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!rotate.isPending) rotate.mutate();
  }

  const hours = Number(overlap);
  const words = (value: Overlap) => {
    if (value === "0") return t("none");
    const count = Number(value);
    return count < 48 ? t("hours", { hours: count }) : t("days", { days: count / 24 });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title", { name: apiKey.name })}
      note={t("sentence")}
      noteUnderTitle
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind={hours === 0 ? "wipe" : "go"} type="submit" busy={rotate.isPending}>
            {t("confirm")}
          </Button>
        </>
      }
    >
      <div className={styles.field}>
        <span className="sm medium">{t("overlap")}</span>
        <span>
          <Segments
            label={t("overlap")}
            value={overlap}
            choices={OVERLAPS.map((value) => ({ value, label: words(value) }))}
            onChange={setOverlap}
          />
        </span>
        <p className="xs dim" aria-live="polite">
          {hours === 0
            ? t("noneHint")
            : t("until", { moment: format.dateTime(Date.now() + hours * HOUR_MS) })}
        </p>
        {apiKey.state === "rotating" && <p className="xs dim">{t("again")}</p>}
        <ProblemLine error={rotate.error} />
      </div>
    </Dialog>
  );
}
