import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function KeysPage() {
  const t = useTranslations("gateway");
  return (
    <PageFrame title={t("keys.title")} place={t("keys.title")} sentence={t("keys.sentence")}>
      {null}
    </PageFrame>
  );
}
