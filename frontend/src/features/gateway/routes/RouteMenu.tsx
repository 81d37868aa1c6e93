import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { deleteRoute, trafficQuery } from "./queries";
import { useWorld } from "./useWorld";
import { neededBy } from "./world";

/** What can be done with a route besides editing it. */
export function RouteMenu({ route, large }: { route: RouteOut; large?: boolean }) {
  const t = useTranslations("routes.menu");
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const go = (search: Record<string, string>) =>
    void navigate({ to: "/routes/$name", params: { name: route.name }, search });
  return (
    <>
      <Menu
        label={t("more", { name: route.name })}
        {...(large ? { size: "md" } : {})}
        items={[
          ...(large
            ? []
            : [
                { label: t("edit"), onSelect: () => go({}) },
                { label: t("test"), onSelect: () => go({ dialog: "test" }) },
                { label: t("versions"), onSelect: () => go({ tab: "versions" }) },
              ]),
          {
            label: t("showRequests"),
            onSelect: () => void navigate({ to: "/requests", search: { route: route.name } }),
          },
          {
            label: t("delete"),
            icon: TrashIcon,
            danger: true,
            disabledReason: reasonAgainst(route, "delete_route"),
            onSelect: () => setAsks(true),
          },
        ]}
      />
      {asks && <DeleteDialog route={route} onClose={() => setAsks(false)} />}
    </>
  );
}

function DeleteDialog({ route, onClose }: { route: RouteOut; onClose: () => void }) {
  const t = useTranslations("routes.menu");
  const format = useFormat();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const world = useWorld();
  const now = useTick(60_000);
  const used = useQuery(trafficQuery(now)).data?.get(route.name)?.requests ?? 0;
  const needed = neededBy(route, world);
  const isDeployment = world.deployments.some((one) => one.name === route.name);
  const remove = useMutation({
    mutationFn: () => deleteRoute(route.id),
    onSuccess: () => {
      // The guard of unsaved changes has nothing to guard any more.
      void navigate({ to: "/routes", search: {}, ignoreBlocker: true });
      void queryClient.invalidateQueries({ queryKey: ["route", "list"] });
    },
  });
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("deleteTitle", { name: route.name })}
      consequences={[
        isDeployment
          ? t("deleteBecomesDeployment", { name: route.name })
          : t("deleteName", { name: route.name }),
        ...(route.aliases.length > 0
          ? [t("deleteAliases", { aliases: route.aliases.join(", ") })]
          : []),
        ...(used > 0 ? [t("deleteUsed", { count: used, requests: format.exact(used) })] : []),
        ...(needed.length > 0 && !isDeployment
          ? [t("deleteNeeded", { names: needed.join(", ") })]
          : []),
        t("deleteTargets"),
        t("deleteVersions", { count: route.version }),
      ]}
      confirm={t("deleteConfirm", { name: route.name })}
      onConfirm={() => remove.mutate()}
      busy={remove.isPending}
      error={remove.error}
    />
  );
}
