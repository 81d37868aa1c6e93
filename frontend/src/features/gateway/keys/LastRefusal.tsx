import { useTranslations } from "use-intl";
import type { KeyReportOut } from "@/api/generated/schema";
import { Notice } from "@/components/Notice";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { FixButton } from "./FixButton";
import { fixFor, fixForNow } from "./refusal";

/** Why it is refused now, or was last, and what would mend it, in one press. */
export function LastRefusal({ report }: { report: KeyReportOut }) {
  const t = useTranslations("keys.refusal");
  const tLimits = useTranslations("keyLimits");
  const format = useFormat();
  const { key, last_refusal: refusal } = report;
  // A key that is not for models is none the worse for not opening them.
  const works = report.works || !key.scopes.includes("infer");
  const isOver = key.state === "revoked" || key.state === "expired";
  if (isOver) {
    return (
      <Notice tone="quiet" title={t("over")}>
        {report.sentence}
      </Notice>
    );
  }
  if (works && !refusal) return null;
  const usedSince = Boolean(
    refusal && key.last_used_at && Date.parse(key.last_used_at) > Date.parse(refusal.at),
  );
  const inTheWay = fixForNow(report.limits);
  const now =
    inTheWay?.kind === "raise"
      ? tLimits("usedUp", {
          limit: tLimits(`label.${inTheWay.window}`),
          holder: tLimits(`level.${inTheWay.use.level}`, { name: inTheWay.use.holder }),
        })
      : report.sentence;
  const fix = inTheWay ?? (refusal && !usedSince ? fixFor(refusal, report) : null);
  return (
    <Notice
      tone={works ? (usedSince ? "quiet" : "attention") : "bad"}
      title={
        works && refusal ? t("title", { moment: format.relative(refusal.at) }) : t("refusedNow")
      }
      corner={
        refusal && (
          <span className="mono desk">
            {refusal.status} {refusal.code}
          </span>
        )
      }
      actions={
        (fix || refusal?.request_id) && (
          <>
            {fix && <FixButton fix={fix} apiKey={key} />}
            {refusal?.request_id && (
              <ButtonLink size="sm" to="/requests" search={{ q: refusal.request_id }}>
                {t("request")}
              </ButtonLink>
            )}
          </>
        )
      }
    >
      {!works && <p>{now}</p>}
      {refusal && (
        <p>
          {!works && `${t("title", { moment: format.relative(refusal.at) })}: `}
          {t("told", { reason: refusal.reason })}{" "}
          {refusal.model && t("asked", { model: refusal.model })} {usedSince && t("since")}
        </p>
      )}
    </Notice>
  );
}
