import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { nodesQuery } from "@/api/fleet";
import { useSession } from "@/api/session";
import { statusQuery, toneOfVerdict } from "@/api/status";
import { StateMark } from "@/components/StateBadge";
import { useStatusWords } from "@/components/useStatusWords";
import { useFormat } from "@/i18n/useFormat";
import { Brand } from "./Brand";
import { currentChild, ENTRIES, isWithin, mayGo } from "./navigation";
import styles from "./Sidebar.module.css";
import { useNow } from "./useNow";

export function Sidebar() {
  const t = useTranslations("shell");
  const path = useLocation({ select: (location) => location.pathname });
  const permissions = useSession()?.permissions ?? [];
  const seen = ENTRIES.filter((entry) => mayGo(entry, permissions));
  return (
    <aside className={styles.side} aria-label={t("brand")}>
      <Brand />
      <nav className={styles.nav} aria-label={t("main")}>
        {seen.map((entry) => {
          const on = isWithin(entry, path);
          const isLeaf = !entry.children;
          return (
            <div key={entry.word}>
              <Link
                to={entry.to}
                className={styles.entry}
                data-on={on || undefined}
                data-word={entry.word}
                aria-current={isLeaf && on ? "page" : undefined}
              >
                <entry.icon />
                {t(`nav.${entry.word}`)}
                {entry.word === "nodes" && <NodeCount />}
              </Link>
              {on && entry.children && (
                <div className={styles.sub}>
                  {entry.children
                    .filter((child) => mayGo(child, permissions))
                    .map((child) => (
                      <Link
                        key={child.word}
                        to={child.to}
                        activeOptions={{ exact: true }}
                        aria-current={child === currentChild(entry, path) ? "page" : undefined}
                      >
                        {t(`nav.${child.word}`)}
                      </Link>
                    ))}
                </div>
              )}
            </div>
          );
        })}
      </nav>
      <SystemLine />
    </aside>
  );
}

function NodeCount() {
  const count = useQuery(nodesQuery).data?.items.length;
  return count ? <span className={styles.count}>{count}</span> : null;
}

/** The verdict about the whole, always in sight. */
function SystemLine() {
  const t = useTranslations("shell");
  const format = useFormat();
  const words = useStatusWords();
  const status = useQuery(statusQuery);
  useNow(5000);
  return (
    <Link to="/status" className={styles.system}>
      <StateMark tone={status.isError ? "bad" : toneOfVerdict(status.data?.verdict)} />
      <span>
        {status.isError
          ? t("noAnswer")
          : status.data
            ? words.verdict(status.data)
            : t("nav.status")}
        <small>
          {status.dataUpdatedAt
            ? t("checked", { moment: format.relative(status.dataUpdatedAt) })
            : t("checking")}
        </small>
      </span>
    </Link>
  );
}
