import { useTranslations } from "use-intl";
import { nameOf, signOut, useSession } from "@/api/session";
import { PageFrame } from "@/components/PageFrame";
import { Button } from "@/ui/Button";
import { LogOutIcon } from "@/ui/icons";
import { BrowsersCard } from "./BrowsersCard";
import { LookCard } from "./LookCard";
import { PasswordCard } from "./PasswordCard";
import { PersonCard } from "./PersonCard";
import { TokensCard } from "./TokensCard";
import { useRoleWord } from "./useRoleWord";

/** What belongs to the signed-in person alone. */
export function ProfilePage() {
  const t = useTranslations("settings.profile");
  const session = useSession();
  const roleWord = useRoleWord();
  const settings = useTranslations("settings.settings")("title");
  if (!session) return null;
  const name = nameOf(session.user);
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: settings, to: "/settings" }]}
      sentence={t("sentence", { name, role: roleWord(session.role), team: session.team.name })}
      actions={
        <Button icon={LogOutIcon} onClick={() => void signOut()}>
          {t("signOut")}
        </Button>
      }
      aside={
        <>
          <LookCard />
          <PersonCard key={session.user.id} user={session.user} />
          <PasswordCard />
        </>
      }
    >
      <TokensCard />
      <BrowsersCard />
    </PageFrame>
  );
}
