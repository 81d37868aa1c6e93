import { useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { ErrorBoundary } from "@/components/ErrorBoundary";
import { startLive, useLiveState } from "@/events/live";
import { Tips } from "@/ui/Tips";
import { Toaster } from "@/ui/Toaster";
import { BottomBar } from "./BottomBar";
import styles from "./Shell.module.css";
import { Sidebar } from "./Sidebar";
import { TopBar } from "./TopBar";
import { useKeyboard } from "./useKeyboard";

// Neither is there on the first page: they load when they are first opened.
const Palette = lazy(() => import("./Palette"));
const KeyboardHelp = lazy(() => import("./KeyboardHelp"));

/** The frame around every page: sidebar, top bar, and on a phone the bar below. */
export function Shell() {
  const t = useTranslations("shell");
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const queryClient = useQueryClient();
  useEffect(() => startLive(queryClient), [queryClient]);
  useKeyboard({
    onPalette: () => setPaletteOpen((open) => !open),
    onHelp: () => setHelpOpen(true),
  });
  return (
    <div className={styles.app}>
      <a href="#content" className={styles.skip}>
        {t("skip")}
      </a>
      <Sidebar />
      <div className={styles.main}>
        <TopBar onSearch={() => setPaletteOpen(true)} />
        <AwayLine />
        <main id="content" className={styles.content} tabIndex={-1}>
          <ErrorBoundary>
            <Outlet />
          </ErrorBoundary>
        </main>
      </div>
      <BottomBar />
      <Suspense>
        {paletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
        {helpOpen && <KeyboardHelp onClose={() => setHelpOpen(false)} />}
      </Suspense>
      <Toaster />
      <Tips />
    </div>
  );
}

function AwayLine() {
  const t = useTranslations("components.live");
  const state = useLiveState();
  return (
    <div role="status" className={styles.away} data-shown={state === "away" || undefined}>
      {state === "away" && t("away")}
    </div>
  );
}
