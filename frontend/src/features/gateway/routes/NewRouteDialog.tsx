import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { emptyRoute, isRouteName, problemsOf, type RouteDraft, toDocument } from "./draft";
import { FallbackEditor } from "./FallbackEditor";
import { HouseSwitch } from "./HouseSwitch";
import { createRoute } from "./queries";
import styles from "./routes.module.css";
import { TargetsEditor } from "./TargetsEditor";
import { useRouteWords } from "./useRouteWords";
import { useWorld } from "./useWorld";
import { waysOut } from "./world";

/** A public name, the places it leads to, and where to go when none of them answers. */
export function NewRouteDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("routes.add");
  const tProblem = useTranslations("routes.problem");
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const world = useWorld();
  const words = useRouteWords();
  const [draft, setDraft] = useState<RouteDraft>(emptyRoute);
  const document = toDocument(draft);
  const out = waysOut(document, world);
  const isOutUnasked = out.length > 0 && !draft.mayLeaveHouse;
  const problem = problemsOf(draft)[0] ?? (isOutUnasked ? "house" : null);
  const create = useMutation({
    mutationFn: () => createRoute(document),
    onSuccess: (route) => {
      void queryClient.invalidateQueries({ queryKey: ["route", "list"] });
      void navigate({ to: "/routes/$name", params: { name: route.name }, search: {} });
    },
  });
  const set = (change: Partial<RouteDraft>) => setDraft({ ...draft, ...change });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!problem && !create.isPending) create.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      width={720}
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
            disabledReason={problem ? tProblem(problem) : null}
          >
            {draft.name ? t("submitNamed", { name: draft.name }) : t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          data-autofocus
          label={t("name")}
          description={t("nameHint")}
          value={draft.name}
          error={draft.name && !isRouteName(draft.name) ? tProblem("noName") : undefined}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <section className="stack tight">
          <h2>{t("targets")}</h2>
          <TargetsEditor
            targets={draft.targets}
            world={world}
            onChange={(targets) => set({ targets })}
          />
        </section>
        <section className="stack tight">
          <h2>{t("fallbacks")}</h2>
          <FallbackEditor
            name={draft.name}
            steps={draft.fallbacks}
            world={world}
            onChange={(fallbacks) => set({ fallbacks })}
          />
        </section>
        <HouseSwitch
          may={draft.mayLeaveHouse}
          out={out}
          onChange={(mayLeaveHouse) => set({ mayLeaveHouse })}
        />
        <p className={styles.summary} aria-live="polite">
          {words.summary(document, out)}
        </p>
        <ProblemLine error={create.error} />
      </div>
    </Dialog>
  );
}
