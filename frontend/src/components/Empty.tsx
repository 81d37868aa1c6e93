import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import styles from "./Empty.module.css";

/** Nothing here yet: one sentence about what will be, and one button. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Filtered to nothing is not empty. */
export function NoMatch({ filter, onClear }: { filter: string; onClear: () => void }) {
  const t = useTranslations("components.empty");
  return (
    <Empty action={<Button onClick={onClear}>{t("clearFilters")}</Button>}>
      {t("noMatch", { filter })}
    </Empty>
  );
}
