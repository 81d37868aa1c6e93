import type { ReactNode } from "react";
import { Mark, type Tone } from "@/ui/Mark";
import styles from "./Notice.module.css";

interface NoticeProps {
  tone: Tone;
  title: ReactNode;
  /** When it began, or a small button. */
  corner?: ReactNode;
  /** What happened, in one or two sentences. */
  children?: ReactNode;
  /** What to do now, the best one first. */
  actions?: ReactNode;
}

/** What happened and what to do about it. */
export function Notice({ tone, title, corner, children, actions }: NoticeProps) {
  return (
    <section
      className={`state ${styles.notice}`}
      data-tone={tone}
      role={tone === "bad" ? "alert" : undefined}
    >
      <div className="row">
        <Mark tone={tone} size={12} />
        <h2 className="grow">{title}</h2>
        {corner && <span className={styles.corner}>{corner}</span>}
      </div>
      {children && <div className={styles.words}>{children}</div>}
      {actions && <div className="row wrap">{actions}</div>}
    </section>
  );
}

/** Timed lines: when it was and what was seen. */
export function Because({ lines }: { lines: { key: string; at: ReactNode; text: ReactNode }[] }) {
  return (
    <dl className={styles.because}>
      {lines.map((line) => (
        <div key={line.key}>
          <dt>{line.at}</dt>
          <dd>{line.text}</dd>
        </div>
      ))}
    </dl>
  );
}
