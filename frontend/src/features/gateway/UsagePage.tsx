import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function UsagePage() {
  const t = useTranslations("gateway");
  return (
    <PageFrame title={t("usage.title")} place={t("usage.title")} sentence={t("usage.sentence")}>
      {null}
    </PageFrame>
  );
}
