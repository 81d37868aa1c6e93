import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Panel } from "@/ui/Panel";
import styles from "./BottomBar.module.css";
import type { NavWord } from "./navigation";

const MORE: readonly { word: NavWord | "profile" | "status"; to: string }[] = [
  { word: "models", to: "/models" },
  { word: "deployments", to: "/deployments" },
  { word: "keys", to: "/keys" },
  { word: "usage", to: "/usage" },
  { word: "upstreams", to: "/upstreams" },
  { word: "status", to: "/status" },
  { word: "settings", to: "/settings" },
  { word: "profile", to: "/profile" },
];

/** What has no place of its own in the bar of a phone. */
export default function MoreSheet({ onClose }: { onClose: () => void }) {
  const t = useTranslations("shell");
  return (
    <Panel open onClose={onClose} title={t("nav.more")}>
      <div className={styles.more}>
        {MORE.map((item) => (
          <Link key={item.word} to={item.to} onClick={onClose}>
            {t(`nav.${item.word}`)}
          </Link>
        ))}
      </div>
    </Panel>
  );
}
