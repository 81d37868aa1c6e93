import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { useMay, useSession } from "@/api/session";
import { useView } from "@/components/useView";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { CheckIcon, MinusIcon } from "@/ui/icons";
import { peopleQuery } from "./queries";
import { useRoleWord } from "./useRoleWord";

const PERMISSIONS = [
  "view",
  "chat",
  "use_own_keys",
  "operate",
  "deploy",
  "manage_nodes",
  "manage_gateway",
  "view_usage",
  "read_bodies",
  "view_audit",
  "manage_people",
  "manage_settings",
] as const;

/** Why can Luka do this? The role of one person, spelt out right by right. */
export function RightsCard() {
  const t = useTranslations("people");
  const roleWord = useRoleWord();
  const session = useSession();
  const [view, setView] = useView();
  const mayManage = useMay("manage_people");
  const people = useQuery({ ...peopleQuery, enabled: mayManage }).data?.items ?? [];
  if (!session) return null;
  const myself = {
    name: session.user.username,
    role: session.role,
    permissions: session.permissions,
  };
  const person = people.find((one) => one.name === view.filter) ?? myself;

  return (
    <Card
      title={t("why", { name: person.name })}
      note={t("whyAs", { role: roleWord(person.role) })}
      fill="flush"
      actions={
        people.length > 1 && (
          <Segments
            label={t("choose")}
            choices={people.map((one) => ({ value: one.name, label: one.name }))}
            value={person.name}
            onChange={(name) => setView({ filter: name })}
          />
        )
      }
    >
      <ul className="list">
        {PERMISSIONS.map((permission) => {
          const may = person.permissions.includes(permission);
          return (
            <li key={permission}>
              {may ? <CheckIcon /> : <MinusIcon />}
              <span className={may ? "" : "dim"}>
                {may ? t(`permission.${permission}`) : <s>{t(`permission.${permission}`)}</s>}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
