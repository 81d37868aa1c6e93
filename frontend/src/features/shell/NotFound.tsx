import type { ErrorComponentProps } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { ButtonLink } from "@/ui/Button";

export function NotFound() {
  const t = useTranslations("shell.notFound");
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      sentence={t("sentence")}
      actions={
        <ButtonLink to="/" kind="go">
          {t("home")}
        </ButtonLink>
      }
    >
      {null}
    </PageFrame>
  );
}

export function RouteProblem({ error, reset }: ErrorComponentProps) {
  return (
    <div style={{ padding: "var(--space-6)" }}>
      <ProblemNotice error={error} onRetry={reset} />
    </div>
  );
}
