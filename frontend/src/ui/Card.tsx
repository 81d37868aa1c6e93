import { type ReactNode, useId } from "react";
import styles from "./Card.module.css";

interface CardProps {
  title?: ReactNode;
  /** A few dim words after the title. */
  note?: ReactNode;
  actions?: ReactNode;
  /** `body` pads; `flush` is for tables and lists that reach the edges. */
  fill?: "body" | "flush";
  sunken?: boolean;
  className?: string | undefined;
  children?: ReactNode;
}

export function Card({
  title,
  note,
  actions,
  fill = "body",
  sunken,
  className,
  children,
}: CardProps) {
  const id = useId();
  return (
    <section
      className={`${styles.card} ${className ?? ""}`}
      data-sunken={sunken || undefined}
      aria-labelledby={title ? id : undefined}
    >
      {(title || actions) && (
        <header className={styles.header}>
          {title && <h2 id={id}>{title}</h2>}
          {note && <span className="dim xs clip">{note}</span>}
          {actions && <span className={styles.actions}>{actions}</span>}
        </header>
      )}
      {fill === "body" ? (
        <div className={styles.body} data-headless={!title || undefined}>
          {children}
        </div>
      ) : (
        children
      )}
    </section>
  );
}
