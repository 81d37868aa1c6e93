import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function ProfilePage() {
  const t = useTranslations("settings");
  return (
    <PageFrame title={t("title")} place={t("title")}>
      {null}
    </PageFrame>
  );
}
