import { Link, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import {
  ClockIcon,
  EllipsisIcon,
  HomeIcon,
  type IconType,
  MessageIcon,
  ServerIcon,
} from "@/ui/icons";
import styles from "./BottomBar.module.css";
import { firstPart, type NavWord } from "./navigation";

const ITEMS: readonly { word: NavWord; to: string; icon: IconType; covers: string }[] = [
  { word: "home", to: "/", icon: HomeIcon, covers: "" },
  { word: "chat", to: "/chat", icon: MessageIcon, covers: "chat" },
  { word: "nodes", to: "/nodes", icon: ServerIcon, covers: "nodes" },
  { word: "operations", to: "/operations", icon: ClockIcon, covers: "operations" },
];

const MoreSheet = lazy(() => import("./MoreSheet"));

/** The frame's entries on a phone. */
export function BottomBar() {
  const t = useTranslations("shell");
  const [open, setOpen] = useState(false);
  const part = useLocation({ select: (location) => firstPart(location.pathname) });
  const isElsewhere = !ITEMS.some((item) => item.covers === part);
  return (
    <nav className={styles.bar} aria-label={t("main")}>
      {ITEMS.map((item) => (
        <Link key={item.word} to={item.to} aria-current={item.covers === part ? "page" : undefined}>
          <item.icon size={20} />
          {t(`nav.${item.word}`)}
        </Link>
      ))}
      <button
        type="button"
        data-on={isElsewhere || undefined}
        aria-expanded={open}
        onClick={() => setOpen(true)}
      >
        <EllipsisIcon size={20} />
        {t("nav.more")}
      </button>
      <Suspense>{open && <MoreSheet onClose={() => setOpen(false)} />}</Suspense>
    </nav>
  );
}
