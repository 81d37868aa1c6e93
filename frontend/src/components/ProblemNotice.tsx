import { useTranslations } from "use-intl";
import { ApiError, describeForReport, isNoConnection } from "@/api/errors";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Notice } from "./Notice";

interface ProblemNoticeProps {
  error: unknown;
  onRetry?: () => void;
}

/** An error as heading, sentence and button: what happened, then what to do. */
export function ProblemNotice({ error, onRetry }: ProblemNoticeProps) {
  const t = useTranslations("components.problem");
  const words = useProblemWords(error);
  return (
    <Notice
      tone={isNoConnection(error) ? "attention" : "bad"}
      title={words.title}
      corner={<CopyButton text={() => describeForReport(error)} label={t("copyError")} />}
      actions={
        onRetry && (
          <Button size="sm" onClick={onRetry}>
            {t("tryAgain")}
          </Button>
        )
      }
    >
      {words.detail && <p>{words.detail}</p>}
      {words.fix && <p>{words.fix}</p>}
    </Notice>
  );
}

/** The same under a form's field or button: one red line. */
export function ProblemLine({ error }: { error: unknown }) {
  const words = useProblemWords(error);
  if (!error) return null;
  return (
    <p className="sm bad-ink break" role="alert">
      {words.detail || words.title} {words.fix}
    </p>
  );
}

export function useProblemWords(error: unknown): { title: string; detail: string; fix: string } {
  const t = useTranslations("components.problem");
  const format = useFormat();
  if (!(error instanceof ApiError)) {
    return { title: t("broken"), detail: t("brokenDetail"), fix: "" };
  }
  if (error.status === 0) {
    return {
      title: t("noConnection"),
      detail: t("noConnectionDetail", { moment: format.moment(error.at) }),
      fix: t("noConnectionFix"),
    };
  }
  const named = error.title && !error.title.startsWith("HTTP ");
  const fallback =
    error.status === 404 ? t("notFound") : error.status === 403 ? t("forbidden") : t("unexpected");
  return {
    title: named ? error.title : fallback,
    detail: error.detail || (named ? "" : t("unexpectedDetail", { status: String(error.status) })),
    fix: error.fix,
  };
}
