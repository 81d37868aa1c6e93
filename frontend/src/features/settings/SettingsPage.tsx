import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { useSession } from "@/api/session";
import { CopyLine } from "@/components/CopyBlock";
import { PageFrame } from "@/components/PageFrame";
import { endpoint } from "@/lib/endpoint";
import { Card } from "@/ui/Card";
import { ChevronRightIcon, PersonIcon } from "@/ui/icons";
import { LookCard } from "./LookCard";
import { isRole, useRoleWord } from "./useRoleWord";

export function SettingsPage() {
  const t = useTranslations("settings.settings");
  const roleWord = useRoleWord();
  const session = useSession();
  if (!session) return null;
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      sentence={t("sentence")}
      aside={
        <>
          <LookCard />
          <Card title={t("yours")} fill="flush">
            <nav className="list" aria-label={t("yours")}>
              <Link to="/profile">
                <PersonIcon />
                <span className="grow">{t("profile")}</span>
                <ChevronRightIcon />
              </Link>
            </nav>
          </Card>
        </>
      }
    >
      <Card title={t("about")}>
        <div className="stack">
          <CopyLine text={endpoint()} label={t("endpoint")} />
          <dl className="kv">
            <dt>{t("address")}</dt>
            <dd className="mono">{window.location.origin}</dd>
            <dt>{t("api")}</dt>
            <dd>
              <a className="link" href="/api/docs" target="_blank" rel="noreferrer">
                {t("apiDocs")}
              </a>
              {" · "}
              <a className="link" href="/api/openapi.json" target="_blank" rel="noreferrer">
                {t("openapi")}
              </a>
            </dd>
            <dt>{t("team")}</dt>
            <dd>{session.team.name}</dd>
            <dt>{t("role")}</dt>
            <dd>{roleWord(session.role)}</dd>
            {isRole(session.role) && (
              <>
                <dt>{t("may")}</dt>
                <dd>{t(`roleNotes.${session.role}`)}</dd>
              </>
            )}
          </dl>
        </div>
      </Card>
    </PageFrame>
  );
}
