import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { ProblemLine } from "@/components/ProblemNotice";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { showToast } from "@/ui/toasts";
import { ChangeKeyDialog } from "./ChangeKeyDialog";
import { changeKey, setHolderLimit } from "./queries";
import { allowing, type Fix } from "./refusal";

/** Mends what a key was refused for, named by its result: "Raise Tokens per day to 500 k". */
export function FixButton({ fix, apiKey }: { fix: Fix; apiKey: KeyOut }) {
  const t = useTranslations();
  const mayManage = useMay("manage_gateway");
  const queryClient = useQueryClient();
  const [edits, setEdits] = useState(false);
  const words = useFixWords(fix);
  const mend = useMutation({
    mutationFn: () => carryOut(fix, apiKey),
    onSuccess: () => {
      showToast({ tone: "good", text: words.done });
      void queryClient.invalidateQueries({ queryKey: ["key"] });
      void queryClient.invalidateQueries({ queryKey: ["limits"] });
    },
  });
  const isShared = fix.kind === "raise" && fix.use.level !== "key";
  const against = !isShared
    ? reasonAgainst(apiKey, "change_key")
    : mayManage
      ? null
      : t("keys.refusal.notYours");
  return (
    <>
      <Button
        size="sm"
        kind="go"
        busy={mend.isPending}
        disabledReason={against}
        onClick={() => (fix.kind === "change" ? setEdits(true) : mend.mutate())}
      >
        {words.button}
      </Button>
      {edits && <ChangeKeyDialog apiKey={apiKey} onClose={() => setEdits(false)} />}
      <ProblemLine error={mend.error} />
    </>
  );
}

async function carryOut(fix: Fix, key: KeyOut): Promise<void> {
  if (fix.kind === "allow") {
    await changeKey(key.id, allowing(fix.model, key));
  } else if (fix.kind === "raise") {
    const { level, holder } = fix.use;
    await (level === "key"
      ? changeKey(key.id, { limits: { ...key.limits, [fix.window]: fix.to } })
      : setHolderLimit({ level, holder, window: fix.window, to: fix.to }));
  }
}

function useFixWords(fix: Fix): { button: string; done: string } {
  const t = useTranslations();
  const format = useFormat();
  switch (fix.kind) {
    case "change":
      return { button: t("keys.refusal.change"), done: "" };
    case "allow":
      return {
        button: t("keys.refusal.allow", { model: fix.model }),
        done: t("keys.refusal.allowed", { model: fix.model }),
      };
    case "raise": {
      const limit = t(`keyLimits.label.${fix.window}`);
      const amount = format.amount(fix.to);
      const holder = t(`keyLimits.level.${fix.use.level}`, { name: fix.use.holder });
      return {
        button:
          fix.use.level === "key"
            ? t("keys.refusal.raise", { limit, amount })
            : t("keys.refusal.raiseOf", { holder, limit, amount }),
        done: t("keys.refusal.raised", { limit, amount }),
      };
    }
  }
}
