import { useTranslations } from "use-intl";
import type { RouteChange } from "./changes";
import styles from "./routes.module.css";
import { useRouteWords } from "./useRouteWords";

/** A difference in words, one line each. */
export function ChangeList({ changes }: { changes: readonly RouteChange[] }) {
  const t = useTranslations("routes.changes");
  const words = useRouteWords();
  if (changes.length === 0) return <p className="sm dim">{t("none")}</p>;
  return (
    <ul className={styles.changes}>
      {changes.map((change) => {
        const text = words.change(change);
        return (
          <li key={text} data-kind={kindOf(change)}>
            {text}
          </li>
        );
      })}
    </ul>
  );
}

function kindOf({ word }: RouteChange): "added" | "removed" | "changed" {
  if (word.endsWith("Added")) return "added";
  return word.endsWith("Removed") ? "removed" : "changed";
}
