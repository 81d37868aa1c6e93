import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function DeploymentsPage() {
  const t = useTranslations("deployments");
  return (
    <PageFrame title={t("title")} place={t("title")} sentence={t("sentence")}>
      {null}
    </PageFrame>
  );
}
