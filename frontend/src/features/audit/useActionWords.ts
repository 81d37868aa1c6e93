import { useTranslations } from "use-intl";

/** What was done, in the reader's words; an action the console does not know is spelt out. */
export function useActionWords(): (action: string) => string {
  const t = useTranslations("audit.action");
  return (action) => {
    const key = action as Parameters<typeof t>[0];
    if (t.has(key)) return t(key);
    const words = action.replaceAll("_", " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
  };
}
