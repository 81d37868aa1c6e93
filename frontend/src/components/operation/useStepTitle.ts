import { useCallback } from "react";
import { useLocale, useTranslations } from "use-intl";

interface Step {
  name: string;
  title: string;
}

/** The title of a step in the reader's language. The API says it in English. */
export function useStepTitle(kind: string): (step: Step) => string {
  const t = useTranslations("operation.step");
  const language = useLocale();
  const isKnownKind = kind.startsWith("models.") || kind.startsWith("nodes.");
  return useCallback(
    (step) => {
      const key = step.name as Parameters<typeof t>[0];
      return language !== "en" && isKnownKind && t.has(key) ? t(key) : step.title;
    },
    [t, language, isKnownKind],
  );
}
