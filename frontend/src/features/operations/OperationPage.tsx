import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function OperationPage() {
  const t = useTranslations("operations");
  return (
    <PageFrame title={t("title")} place={t("title")} sentence={t("sentence")}>
      {null}
    </PageFrame>
  );
}
