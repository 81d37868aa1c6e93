import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function StatusPage() {
  const t = useTranslations("status");
  return (
    <PageFrame title={t("title")} place={t("title")}>
      {null}
    </PageFrame>
  );
}
