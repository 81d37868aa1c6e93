/** Short notices at the bottom: the one store of the console besides the query cache. */
import { useSyncExternalStore } from "react";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "quiet";
  text: string;
  /** One thing to do about it: open what was started, or take it back. */
  action?: { label: string; run: () => void };
}

const SHOWN_FOR_MS = 6_000;
const WITH_ACTION_MS = 10_000;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function showToast(toast: Omit<Toast, "id">): void {
  const id = ++lastId;
  set([...toasts.slice(-3), { ...toast, id }]);
  setTimeout(() => dismissToast(id), toast.action ? WITH_ACTION_MS : SHOWN_FOR_MS);
}

export function dismissToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
