import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { useSession } from "@/api/session";
import { Flame } from "@/components/Flame";
import styles from "./Sidebar.module.css";

export function Brand() {
  const t = useTranslations("shell");
  const session = useSession();
  return (
    <Link to="/" className={styles.brand}>
      <Flame size={30} />
      <span>
        {t("brand")}
        {session && <small>{session.team.name}</small>}
      </span>
    </Link>
  );
}
