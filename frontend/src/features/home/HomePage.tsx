import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function HomePage() {
  const t = useTranslations("home");
  return (
    <PageFrame title={t("title")} place={t("title")}>
      {null}
    </PageFrame>
  );
}
