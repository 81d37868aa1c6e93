/** Where the reader is: pages say it, the top bar and the browser's title show it. */
import { useEffect, useSyncExternalStore } from "react";

export interface Crumb {
  label: string;
  to?: string;
}

let crumbs: readonly Crumb[] = [];
const listeners = new Set<() => void>();

export function usePlace(): readonly Crumb[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => crumbs,
  );
}

export function useSetPlace(next: readonly Crumb[]): void {
  const key = next.map((crumb) => `${crumb.label}\t${crumb.to ?? ""}`).join("\n");
  useEffect(() => {
    crumbs = key.split("\n").map((line) => {
      const [label = "", to = ""] = line.split("\t");
      return to ? { label, to } : { label };
    });
    document.title = `${crumbs.at(-1)?.label ?? "Hearth"} · Hearth`;
    for (const listener of listeners) listener();
  }, [key]);
}
