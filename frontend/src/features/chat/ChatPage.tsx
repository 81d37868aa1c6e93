import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function ChatPage() {
  const t = useTranslations("chat");
  return (
    <PageFrame title={t("title")} place={t("title")}>
      {null}
    </PageFrame>
  );
}
