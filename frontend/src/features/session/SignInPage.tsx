import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";

export function SignInPage() {
  const t = useTranslations("session");
  return (
    <PageFrame title={t("title")} place={t("title")}>
      {null}
    </PageFrame>
  );
}
