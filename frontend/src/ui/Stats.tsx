import type { ReactNode } from "react";
import styles from "./Stats.module.css";

export interface Stat {
  label: string;
  value: ReactNode;
  unit?: string | undefined;
  /** A line or a meter under the number. */
  below?: ReactNode;
}

/** A row of numbers that answer the page's question. */
export function Stats({ items }: { items: Stat[] }) {
  return (
    <dl className={styles.stats}>
      {items.map((item) => (
        <div key={item.label} className={styles.stat}>
          <dt>{item.label}</dt>
          <dd>
            <b>
              {item.value}
              {item.unit && <small> {item.unit}</small>}
            </b>
            {item.below && <span className={styles.below}>{item.below}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
