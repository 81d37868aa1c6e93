import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyReportOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { Notice } from "@/components/Notice";
import { ProblemLine } from "@/components/ProblemNotice";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { showToast } from "@/ui/toasts";
import { ChangeKeyDialog } from "./ChangeKeyDialog";
import { changeKey, setHolderLimit } from "./queries";
import { allowing, type Fix, fixFor } from "./refusal";

/** Why it was turned away last, and what would mend it, in one press. */
export function LastRefusal({ report }: { report: KeyReportOut }) {
  const t = useTranslations("keys.refusal");
  const format = useFormat();
  const refusal = report.last_refusal;
  if (!refusal) return null;
  const usedSince = Boolean(
    report.key.last_used_at && Date.parse(report.key.last_used_at) > Date.parse(refusal.at),
  );
  const fix = fixFor(refusal, report);
  return (
    <Notice
      tone="attention"
      title={t("title", { moment: format.relative(refusal.at) })}
      corner={
        <span className="mono">
          {refusal.status} {refusal.code}
        </span>
      }
      actions={
        <>
          {fix && <FixButton fix={fix} report={report} />}
          {refusal.request_id && (
            <ButtonLink size="sm" to="/requests" search={{ q: refusal.request_id }}>
              {t("request")}
            </ButtonLink>
          )}
        </>
      }
    >
      <p>
        {refusal.reason} {refusal.model && t("asked", { model: refusal.model })}{" "}
        {usedSince && t("since")}
      </p>
    </Notice>
  );
}

function FixButton({ fix, report }: { fix: Fix; report: KeyReportOut }) {
  const t = useTranslations();
  const format = useFormat();
  const mayManage = useMay("manage_gateway");
  const queryClient = useQueryClient();
  const [edits, setEdits] = useState(false);
  const { key } = report;
  const mend = useMutation({
    mutationFn: async () => {
      if (fix.kind === "allow") await changeKey(key.id, allowing(fix.model, key));
      if (fix.kind === "raise" && fix.use.level === "key") {
        await changeKey(key.id, { limits: { ...key.limits, [fix.window]: fix.to } });
      }
      if (fix.kind === "raise" && fix.use.level !== "key") {
        await setHolderLimit({ ...fix.use, level: fix.use.level, window: fix.window, to: fix.to });
      }
    },
    onSuccess: () => {
      showToast({ tone: "good", text: done });
      void queryClient.invalidateQueries({ queryKey: ["key"] });
      void queryClient.invalidateQueries({ queryKey: ["limits"] });
    },
  });
  if (fix.kind === "change") {
    return (
      <>
        <Button
          size="sm"
          kind="go"
          disabledReason={reasonAgainst(key, "change_key")}
          onClick={() => setEdits(true)}
        >
          {t("keys.refusal.change")}
        </Button>
        {edits && <ChangeKeyDialog apiKey={key} onClose={() => setEdits(false)} />}
      </>
    );
  }
  const isShared = fix.kind === "raise" && fix.use.level !== "key";
  const limit = fix.kind === "raise" ? t(`keyLimits.label.${fix.window}`) : "";
  const amount = fix.kind === "raise" ? format.shortCount(fix.to) : "";
  const holder =
    fix.kind === "raise" ? t(`keyLimits.level.${fix.use.level}`, { name: fix.use.holder }) : "";
  const words =
    fix.kind === "allow"
      ? t("keys.refusal.allow", { model: fix.model })
      : isShared
        ? t("keys.refusal.raiseOf", { limit, amount, holder })
        : t("keys.refusal.raise", { limit, amount });
  const done =
    fix.kind === "allow"
      ? t("keys.refusal.allowed", { model: fix.model })
      : t("keys.refusal.raised", { limit, amount });
  const against = isShared
    ? mayManage
      ? null
      : t("keys.refusal.notYours")
    : reasonAgainst(key, "change_key");
  return (
    <>
      <Button
        size="sm"
        kind="go"
        busy={mend.isPending}
        disabledReason={against}
        onClick={() => mend.mutate()}
      >
        {words}
      </Button>
      <ProblemLine error={mend.error} />
    </>
  );
}
