import { useTranslations } from "use-intl";
import { PageFrame } from "@/components/PageFrame";
import { useView } from "@/components/useView";
import { ButtonLink } from "@/ui/Button";
import { Tabs } from "@/ui/Tabs";
import { LimitNotices } from "../keys/LimitNotices";
import { Budgets } from "./Budgets";
import { CsvButton, UsageTab } from "./UsageTab";

/** Who used how much, and will the budgets hold? */
export function UsagePage() {
  const t = useTranslations("usage");
  const tGateway = useTranslations("gateway");
  const [view] = useView();
  const tab = view.tab === "budgets" ? "budgets" : "usage";
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tGateway("title") }]}
      sentence={t(tab === "budgets" ? "budgets.sentence" : "sentence")}
      actions={
        tab === "usage" ? (
          <CsvButton />
        ) : (
          <ButtonLink kind="go" to="/keys" search={{ tab: "limits" }}>
            {t("budgets.set")}
          </ButtonLink>
        )
      }
      tabs={
        <Tabs
          label={t("tabs")}
          value={tab}
          tabs={[
            { value: "usage", label: t("title") },
            { value: "budgets", label: t("budgets.title") },
          ]}
        />
      }
      notice={<LimitNotices />}
    >
      {tab === "usage" ? <UsageTab /> : <Budgets />}
    </PageFrame>
  );
}
