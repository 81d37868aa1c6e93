import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { runningOperationsQuery } from "@/api/operations";
import { nameOf, signOut, useSession } from "@/api/session";
import { usePlace } from "@/components/place";
import { useThemeChoice } from "@/components/useThemeChoice";
import { IconButton } from "@/ui/Button";
import {
  ClockIcon,
  LogOutIcon,
  MoonIcon,
  PersonIcon,
  SearchIcon,
  SettingsIcon,
  SunIcon,
} from "@/ui/icons";
import { Mark } from "@/ui/Mark";
import { Menu } from "@/ui/Menu";
import styles from "./TopBar.module.css";

export function TopBar({ onSearch }: { onSearch: () => void }) {
  const t = useTranslations("shell");
  const { isDark, choose } = useThemeChoice();
  return (
    <header className={styles.top}>
      <Crumbs />
      <button type="button" className={styles.find} onClick={onSearch}>
        <SearchIcon />
        <span className="grow">{t("search")}</span>
        <kbd>{isMac() ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      <Tray />
      <span className={styles.phoneSearch}>
        <IconButton icon={SearchIcon} label={t("searchShort")} onClick={onSearch} />
      </span>
      <span className="desk">
        <IconButton
          icon={isDark ? MoonIcon : SunIcon}
          label={isDark ? t("theme.light") : t("theme.dark")}
          onClick={() => choose(isDark ? "light" : "dark")}
        />
      </span>
      <Account />
    </header>
  );
}

function isMac(): boolean {
  return navigator.platform.startsWith("Mac");
}

function Crumbs() {
  const crumbs = usePlace();
  return (
    <div className={styles.crumbs}>
      {crumbs.map((crumb, index) =>
        index === crumbs.length - 1 ? (
          <b key={crumb.label}>{crumb.label}</b>
        ) : (
          <span key={crumb.label} className={styles.up}>
            {crumb.to ? <Link to={crumb.to}>{crumb.label}</Link> : crumb.label}
            <span aria-hidden="true">/</span>
          </span>
        ),
      )}
    </div>
  );
}

/** What runs at this moment, from any page. */
function Tray() {
  const t = useTranslations("shell");
  const running = useQuery(runningOperationsQuery).data?.items.length ?? 0;
  return (
    <Link to="/operations" className={styles.tray} title={t("nav.operations")}>
      {running > 0 ? (
        <>
          <span className="state bare" data-tone="busy">
            <Mark tone="busy" />
          </span>
          <span>{t("running", { count: String(running) })}</span>
        </>
      ) : (
        <>
          <ClockIcon />
          <span>{t("nothingRunning")}</span>
        </>
      )}
    </Link>
  );
}

function Account() {
  const t = useTranslations("shell");
  const session = useSession();
  const navigate = useNavigate();
  if (!session) return null;
  const name = nameOf(session.user);
  const go = (to: "/profile" | "/settings") => void navigate({ to, search: {} });
  return (
    <Menu
      label={`${initialsOf(name)}, ${t("account")}: ${name}`}
      heading={`${name} · ${session.role}`}
      button={initialsOf(name)}
      buttonClass={styles.avatar}
      items={[
        { label: t("nav.profile"), icon: PersonIcon, onSelect: () => go("/profile") },
        { label: t("nav.settings"), icon: SettingsIcon, onSelect: () => go("/settings") },
        { label: t("signOut"), icon: LogOutIcon, onSelect: () => void signOut() },
      ]}
    />
  );
}

function initialsOf(name: string): string {
  const words = name.trim().split(/[\s._-]+/);
  const letters = words.length > 1 ? words.map((word) => word[0]) : [...(words[0] ?? "")];
  return letters.slice(0, 2).join("").toUpperCase();
}
