import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function NodesPage() {
  const t = useTranslations("nodes");
  return (
    <PageFrame title={t("title")} place={t("title")} sentence={t("sentence")}>
      {null}
    </PageFrame>
  );
}
