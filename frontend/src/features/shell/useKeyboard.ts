import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

const SECOND_KEY_WITHIN_MS = 1200;

/** After `g`: where each letter goes. */
export const PLACES = {
  h: { word: "home", to: "/" },
  c: { word: "chat", to: "/chat" },
  n: { word: "nodes", to: "/nodes" },
  m: { word: "models", to: "/models" },
  d: { word: "deployments", to: "/deployments" },
  o: { word: "operations", to: "/operations" },
  k: { word: "keys", to: "/keys" },
} as const;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** The keys of the whole console: ⌘K, `/`, `g` and a letter, `?`. */
export function useKeyboard({
  onPalette,
  onHelp,
}: {
  onPalette: () => void;
  onHelp: () => void;
}): void {
  const navigate = useNavigate();
  const handlers = useRef({ onPalette, onHelp });
  handlers.current = { onPalette, onHelp };

  useEffect(() => {
    let pressedG = 0;
    function onKeyDown(event: KeyboardEvent) {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        handlers.current.onPalette();
        return;
      }
      const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey;
      if (!isPlain || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      const place = PLACES[event.key as keyof typeof PLACES];
      if (place && Date.now() - pressedG < SECOND_KEY_WITHIN_MS) {
        event.preventDefault();
        void navigate({ to: place.to, search: {} });
      } else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>("main [data-search]");
        if (search) search.focus();
        else handlers.current.onPalette();
      } else if (event.key === "?") {
        event.preventDefault();
        handlers.current.onHelp();
      }
      pressedG = event.key === "g" ? Date.now() : 0;
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [navigate]);
}
