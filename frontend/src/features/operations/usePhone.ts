import { useSyncExternalStore } from "react";

const phone = window.matchMedia("(max-width: 720px)");

function subscribe(listener: () => void): () => void {
  phone.addEventListener("change", listener);
  return () => phone.removeEventListener("change", listener);
}

/** Below 720 px tables become rows and dialogs sheets; see the base styles. */
export function usePhone(): boolean {
  return useSyncExternalStore(subscribe, () => phone.matches);
}
