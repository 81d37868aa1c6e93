import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { PersonOut } from "@/api/generated/schema";
import { useSession } from "@/api/session";
import { ProblemLine } from "@/components/ProblemNotice";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { PlusIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { AddPersonDialog } from "./AddPersonDialog";
import { peopleQuery } from "./queries";
import styles from "./settings.module.css";
import { ROLES, type Role, useRoleWord } from "./useRoleWord";

export function PeopleCard() {
  const t = useTranslations("settings.settings");
  const [view, setView] = useView();
  const query = useQuery(peopleQuery);
  return (
    <Card
      title={t("people")}
      note={t("peopleNote")}
      fill="flush"
      actions={
        <Button size="sm" icon={PlusIcon} onClick={() => setView({ dialog: "add-person" })}>
          {t("addPerson")}
        </Button>
      }
    >
      <QueryView query={query}>
        {(page) => (
          <div>
            {page.items.map((person) => (
              <PersonRow key={person.id} person={person} />
            ))}
          </div>
        )}
      </QueryView>
      {view.dialog === "add-person" && (
        <AddPersonDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </Card>
  );
}

function PersonRow({ person }: { person: PersonOut }) {
  const t = useTranslations("settings.settings");
  const format = useFormat();
  const roleWord = useRoleWord();
  const queryClient = useQueryClient();
  const myself = useSession()?.user.id === person.id;
  const change = useMutation({
    mutationFn: (body: { role?: Role; is_active?: boolean }) =>
      unwrap(api.PATCH("/api/users/{user_id}", { params: { path: { user_id: person.id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: peopleQuery.queryKey }),
  });
  return (
    <div className={styles.row}>
      <span className={styles.words}>
        <span className="name">{person.name}</span>
        <small>
          {t("lastSignIn")}: {person.last_login ? format.relative(person.last_login) : t("never")}
        </small>
      </span>
      <StateBadge
        bare
        state={person.is_active ? "active" : "stopped"}
        label={person.is_active ? t("active") : t("inactive")}
      />
      <span className="tag">{roleWord(person.role)}</span>
      {!myself && (
        <Menu
          label={t("more", { name: person.name })}
          items={[
            ...ROLES.map((role) => ({
              label: t(`roles.${role}`),
              checked: role === person.role,
              onSelect: () => change.mutate({ role }),
            })),
            {
              label: person.is_active ? t("close") : t("open"),
              danger: person.is_active,
              onSelect: () => change.mutate({ is_active: !person.is_active }),
            },
          ]}
        />
      )}
      <ProblemLine error={change.error} />
    </div>
  );
}
