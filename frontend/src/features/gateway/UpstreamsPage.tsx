import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function UpstreamsPage() {
  const t = useTranslations("gateway");
  return (
    <PageFrame
      title={t("upstreams.title")}
      place={t("upstreams.title")}
      sentence={t("upstreams.sentence")}
    >
      {null}
    </PageFrame>
  );
}
