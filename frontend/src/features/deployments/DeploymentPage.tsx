import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function DeploymentPage() {
  const t = useTranslations("deployments");
  return (
    <PageFrame title={t("title")} place={t("title")} sentence={t("sentence")}>
      {null}
    </PageFrame>
  );
}
