import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import { CAUSES, toCause } from "./causes";

/** The causes of fallbacks in the reader's words; what is not known is shown as it is. */
export function useCauseWords() {
  const t = useTranslations("gateway.cause");
  const language = useLocale();
  return useMemo(() => {
    const or = new Intl.ListFormat(language, { type: "disjunction" });
    const word = (part: "short" | "when", text: string) => {
      const cause = toCause(text);
      return cause ? t(`${part}.${cause}`) : text;
    };
    return {
      /** "not reachable" */
      short: (cause: string) => word("short", cause),
      /** "it cannot be reached or is too slow" */
      when: (causes: readonly string[]) =>
        or.format(inOrder(causes).map((cause) => word("when", cause))),
    };
  }, [t, language]);
}

function inOrder(causes: readonly string[]): string[] {
  const place = (cause: string) => (CAUSES as readonly string[]).indexOf(cause);
  return [...causes].sort((one, other) => place(one) - place(other));
}
