import { Link } from "@tanstack/react-router";
import styles from "./Tabs.module.css";

export interface Tab {
  value: string;
  label: string;
  count?: number;
}

interface TabsProps {
  label: string;
  tabs: readonly Tab[];
  value: string;
}

/** Tabs are addresses: each is a link that sets `?tab=`. The first one is the bare address. */
export function Tabs({ label, tabs, value }: TabsProps) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {tabs.map((tab, index) => (
        <Link
          key={tab.value}
          to="."
          search={(before: Record<string, unknown>) => ({
            ...before,
            tab: index === 0 ? undefined : tab.value,
          })}
          replace
          activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}
          aria-current={tab.value === value ? "page" : undefined}
        >
          {tab.label}
          {tab.count !== undefined && <span>{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}
