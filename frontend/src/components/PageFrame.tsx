import type { ReactNode } from "react";
import { ErrorBoundary } from "./ErrorBoundary";
import styles from "./PageFrame.module.css";
import { type Crumb, useSetPlace } from "./place";

interface PageFrameProps {
  /** The sentence or name that answers the page's question. */
  title: ReactNode;
  /** The last crumb and the browser's title, when `title` is not a plain string or too long. */
  place: string;
  /** What stands before the last crumb: "Models", "Gateway". */
  crumbs?: readonly Crumb[];
  state?: ReactNode;
  tag?: ReactNode;
  sentence?: ReactNode;
  /** Buttons on the right, the primary one last. */
  actions?: ReactNode;
  tabs?: ReactNode;
  notice?: ReactNode;
  /** Cards beside the content from 1100 px, below it on narrower screens. */
  aside?: ReactNode;
  /** Let the content take the rest of the window's height, for logs and chats. */
  fill?: boolean;
  children: ReactNode;
}

/** The frame of every page: title and state, one sentence, primary action right, then the evidence. */
export function PageFrame({
  title,
  place,
  crumbs = [],
  state,
  tag,
  sentence,
  actions,
  tabs,
  notice,
  aside,
  fill,
  children,
}: PageFrameProps) {
  useSetPlace([...crumbs, { label: place }]);
  return (
    <div className={styles.page} data-fill={fill || undefined}>
      <div className={styles.head}>
        <div className={styles.words}>
          <div className="row wrap">
            <h1>{title}</h1>
            {state}
            {tag && <span className="tag">{tag}</span>}
          </div>
          {sentence && <p className={styles.sentence}>{sentence}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
      {tabs}
      {notice}
      {aside ? (
        <div className="cols">
          <div className="stack">
            <ErrorBoundary>{children}</ErrorBoundary>
          </div>
          <aside className="stack">
            <ErrorBoundary>{aside}</ErrorBoundary>
          </aside>
        </div>
      ) : (
        <ErrorBoundary>{children}</ErrorBoundary>
      )}
    </div>
  );
}
