import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { listKey } from "@/api/keys";
import { QueryView } from "@/components/QueryView";
import { Card } from "@/ui/Card";
import { useRoleWord } from "./useRoleWord";

const ALL = 200;

/** The teams that the reader belongs to; every row that people make belongs to one. */
export function TeamsCard() {
  const t = useTranslations("people");
  const roleWord = useRoleWord();
  const query = useQuery({
    queryKey: listKey("team", "mine"),
    queryFn: () => unwrap(api.GET("/api/teams", { params: { query: { limit: ALL } } })),
  });
  return (
    <Card title={t("teams")} fill="flush">
      <QueryView query={query}>
        {(page) => (
          <ul className="list">
            {page.items.map((team) => (
              <li key={team.id}>
                <b className="medium">{team.name}</b>
                <span className="dim grow mono xs">{team.slug}</span>
                <span className="soft">{t("yourRole", { role: roleWord(team.role) })}</span>
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}
