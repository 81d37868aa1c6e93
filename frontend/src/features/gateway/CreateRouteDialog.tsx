import { MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { PlusIcon, TrashIcon } from "@/ui/icons";
import styles from "./gateway.module.css";
import { createRoute, deploymentNamesQuery, routesQuery, upstreamsQuery } from "./queries";
import {
  CAUSES,
  type Cause,
  FIRST_ROUTE,
  isReadyRoute,
  isRouteName,
  type TargetDraft,
  toRoute,
} from "./routeDraft";

/** A public name, the places it leads to, and where to go when none of them answers. */
export function CreateRouteDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("gateway.newRoute");
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(FIRST_ROUTE);
  const deployments = useQuery(deploymentNamesQuery).data ?? [];
  const upstreams = useQuery(upstreamsQuery).data?.items ?? [];
  const routes = useQuery(routesQuery).data?.items ?? [];
  const create = useMutation({
    mutationFn: () => createRoute(toRoute(draft)),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["route"] });
      onClose();
    },
  });
  const places = [
    {
      group: t("deployments"),
      items: deployments.map((name) => ({ value: `deployment:${name}`, label: name })),
    },
    {
      group: t("upstreams"),
      items: upstreams.map(({ name }) => ({ value: `upstream:${name}`, label: name })),
    },
  ];
  const fallbackNames = [...new Set([...deployments, ...routes.map((route) => route.name)])];

  function setTarget(id: number, change: Partial<TargetDraft>) {
    setDraft({
      ...draft,
      targets: draft.targets.map((each) => (each.id === id ? { ...each, ...change } : each)),
    });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReadyRoute(draft) && !create.isPending) create.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      width={640}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={create.isPending} disabled={!isReadyRoute(draft)}>
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
          error={draft.name && !isRouteName(draft.name) ? t("nameWrong") : undefined}
          onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
        />
        {draft.targets.map((target) => (
          <div key={target.id} className={styles.target}>
            <div>
              <Select
                label={t("target")}
                placeholder={t("choose")}
                data={places}
                value={target.place}
                searchable
                onChange={(place) => setTarget(target.id, { place })}
              />
            </div>
            <div>
              <TextInput
                label={t("model")}
                placeholder={t("modelPlaceholder")}
                disabled={!target.place?.startsWith("upstream:")}
                value={target.model}
                onChange={(event) => setTarget(target.id, { model: event.currentTarget.value })}
              />
            </div>
            <div>
              <NumberInput
                label={t("weight")}
                hideControls
                min={0}
                value={target.weight}
                onChange={(value) => setTarget(target.id, { weight: Number(value) || 0 })}
              />
            </div>
            <IconButton
              size="md"
              icon={TrashIcon}
              label={t("removeTarget")}
              disabled={draft.targets.length === 1}
              onClick={() =>
                setDraft({
                  ...draft,
                  targets: draft.targets.filter((each) => each.id !== target.id),
                })
              }
            />
          </div>
        ))}
        <span>
          <Button
            size="sm"
            icon={PlusIcon}
            onClick={() =>
              setDraft({
                ...draft,
                targets: [...draft.targets, { id: Date.now(), place: null, model: "", weight: 1 }],
              })
            }
          >
            {t("addTarget")}
          </Button>
        </span>
        <Select
          label={t("fallbackTo")}
          description={t("fallbackHint")}
          placeholder={t("noFallback")}
          data={fallbackNames.filter((name) => name !== draft.name)}
          value={draft.fallbackTo}
          clearable
          allowDeselect
          onChange={(fallbackTo) => setDraft({ ...draft, fallbackTo })}
        />
        {draft.fallbackTo && (
          <MultiSelect
            label={t("fallbackOn")}
            data={CAUSES.map((value) => ({ value, label: t(`cause.${value}`) }))}
            value={[...draft.fallbackOn]}
            onChange={(on) => setDraft({ ...draft, fallbackOn: on as Cause[] })}
          />
        )}
        <ProblemLine error={create.error} />
      </div>
    </Dialog>
  );
}
