import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { listKey } from "@/api/keys";
import { useMay } from "@/api/session";
import { ProblemLine } from "@/components/ProblemNotice";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { PlusIcon } from "@/ui/icons";
import { showToast } from "@/ui/toasts";
import { useRoleWord } from "./useRoleWord";

const ALL = 200;

const teamsKey = listKey("team", "mine");

/** The teams that the reader belongs to; every row that people make belongs to one. */
export function TeamsCard() {
  const t = useTranslations("people");
  const roleWord = useRoleWord();
  const [view, setView] = useView();
  const mayManage = useMay("manage_people");
  const query = useQuery({
    queryKey: teamsKey,
    queryFn: () => unwrap(api.GET("/api/teams", { params: { query: { limit: ALL } } })),
  });
  return (
    <Card
      title={t("teams")}
      fill="flush"
      actions={
        mayManage && (
          <Button size="sm" icon={PlusIcon} onClick={() => setView({ dialog: "new-team" })}>
            {t("newTeam")}
          </Button>
        )
      }
    >
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
      {view.dialog === "new-team" && (
        <NewTeamDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </Card>
  );
}

/** "Maple Street" becomes "maple-street". */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
}

function NewTeamDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("people");
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const body = { name: name.trim(), slug: slug ?? slugOf(name) };
  const create = useMutation({
    mutationFn: () => unwrap(api.POST("/api/teams", { body })),
    onSuccess: async (team) => {
      await queryClient.invalidateQueries({ queryKey: teamsKey });
      showToast({ tone: "good", text: t("created", { name: team.name }) });
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (body.name && body.slug) create.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("newTeam")}
      width={460}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button
            kind="go"
            type="submit"
            busy={create.isPending}
            disabled={!body.name || !body.slug}
          >
            {t("create", { name: body.name })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <Field label={t("teamName")} value={name} onChange={setName} autoFocus maxLength={100} />
        <Field
          label={t("teamSlug")}
          value={body.slug}
          onChange={setSlug}
          note={t("teamSlugNote")}
          maxLength={60}
        />
        <ProblemLine error={create.error} />
      </div>
    </Dialog>
  );
}
