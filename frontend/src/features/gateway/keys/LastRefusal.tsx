import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { KeyReportOut } from "@/api/generated/schema";
import { Notice } from "@/components/Notice";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { DAY_MS } from "../usage/spans";
import { FixButton } from "./FixButton";
import { lastRequestQuery } from "./queries";
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
  const newest = useQuery({
    ...lastRequestQuery(key.id),
    enabled: refusal !== null && !isOver,
  }).data;
  if (isOver) {
    return (
      <Notice tone="quiet" title={t("over")}>
        {report.sentence}
      </Notice>
    );
  }
  if (works && !refusal) return null;
  const workedSince = Boolean(
    works &&
      refusal &&
      newest &&
      newest.status < 400 &&
      Date.parse(newest.at) > Date.parse(refusal.at),
  );
  if (workedSince && refusal && Date.now() - Date.parse(refusal.at) > DAY_MS) return null;
  const inTheWay = fixForNow(report.limits);
  const now =
    inTheWay?.kind === "raise"
      ? tLimits("usedUp", {
          limit: tLimits(`label.${inTheWay.window}`),
          holder: tLimits(`level.${inTheWay.use.level}`, { name: inTheWay.use.holder }),
        })
      : report.sentence;
  const fix = inTheWay ?? (refusal && !workedSince ? fixFor(refusal, report) : null);
  return (
    <Notice
      tone={works ? (workedSince ? "quiet" : "attention") : "bad"}
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
              <ButtonLink
                size="sm"
                to="/requests/$requestId"
                params={{ requestId: refusal.request_id }}
                search={{}}
              >
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
          {refusal.model && t("asked", { model: refusal.model })} {workedSince && t("since")}
        </p>
      )}
    </Notice>
  );
}
