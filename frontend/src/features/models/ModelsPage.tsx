import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function ModelsPage() {
  const t = useTranslations("models");
  return (
    <PageFrame title={t("title")} place={t("title")} sentence={t("sentence")}>
      {null}
    </PageFrame>
  );
}
