import { useTranslations } from "use-intl";
import type { StatusOut, StatusPartOut } from "@/api/generated/schema";

/** The verdict and the names of the parts in the reader's language. */
export function useStatusWords() {
  const t = useTranslations("components");
  return {
    verdict: (status: StatusOut) =>
      status.verdict === "serving"
        ? t("verdict.serving", { count: countToFix(status) })
        : t(`verdict.${status.verdict}`),
    part: ({ name, title }: Pick<StatusPartOut, "name" | "title">) => {
      const key = `part.${name}` as "part.gateway";
      return t.has(key) ? t(key) : title;
    },
  };
}

export function countToFix(status: StatusOut): number {
  return status.parts.filter((part) => part.state !== "good").length;
}
