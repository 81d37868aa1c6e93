import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ViewState } from "@/api/view";

/** The view state of the address, and a way to change it: `setView({ dialog: "deploy" })`. */
export function useView(): [ViewState, (change: Partial<ViewState>) => void] {
  const view = useSearch({ strict: false }) as ViewState;
  const navigate = useNavigate();
  const setView = useCallback(
    (change: Partial<ViewState>) => {
      // A dialog gets an entry of its own, so that Back closes it; filters do not pile up.
      const replace = !("dialog" in change) || change.dialog === undefined;
      void navigate({
        to: ".",
        search: (before: ViewState) => ({ ...before, ...change }),
        replace,
      } as never);
    },
    [navigate],
  );
  return [view, setView];
}
