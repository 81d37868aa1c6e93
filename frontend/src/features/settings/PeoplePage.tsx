import { useTranslations } from "use-intl";
import { useMay } from "@/api/session";
import { PageFrame } from "@/components/PageFrame";
import { PeopleCard } from "./PeopleCard";
import { RightsCard } from "./RightsCard";
import { TeamsCard } from "./TeamsCard";

/** Who may sign in, in which team, and why they can do what they can. */
export function PeoplePage() {
  const t = useTranslations("people");
  const settings = useTranslations("settings.settings");
  const mayManage = useMay("manage_people");
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: settings("title"), to: "/settings" }]}
      sentence={t("sentence")}
      aside={<TeamsCard />}
    >
      {mayManage && <PeopleCard />}
      <RightsCard />
    </PageFrame>
  );
}
