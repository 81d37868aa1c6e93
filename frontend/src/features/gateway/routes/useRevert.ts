import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { showToast } from "@/ui/toasts";
import { revertRoute, routeByNameQuery } from "./queries";

/** What every save has in common: the new row is known at once, and its page keeps its address. */
export function useSaved(route: RouteOut) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return (saved: RouteOut) => {
    queryClient.setQueryData(routeByNameQuery(saved.name).queryKey, saved);
    void queryClient.invalidateQueries({ queryKey: ["route"] });
    if (saved.name !== route.name) {
      void navigate({
        to: "/routes/$name",
        params: { name: saved.name },
        search: {},
        replace: true,
        ignoreBlocker: true,
      });
    }
  };
}

/** One click back to an earlier version, saved anew as the newest. */
export function useRevert(route: RouteOut, onReverted: (saved: RouteOut) => void) {
  const t = useTranslations("routes.versions");
  const takeOver = useSaved(route);
  return useMutation({
    mutationFn: (version: number) => revertRoute(route.id, version),
    onSuccess: (saved, version) => {
      takeOver(saved);
      onReverted(saved);
      showToast({
        tone: "good",
        text: t("reverted", { name: saved.name, version: String(version) }),
      });
    },
    onError: (error) => showToast({ tone: "bad", text: error.message }),
  });
}
