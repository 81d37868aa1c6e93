import { type ReactNode, useEffect, useState } from "react";
import styles from "./Skeleton.module.css";

/** A grey place where text or a card will be. */
export function Bone({
  width = "100%",
  height = 14,
}: {
  width?: number | string;
  height?: number;
}) {
  return <span className={styles.bone} style={{ width, height }} />;
}

/** Shows its children only once waiting has become noticeable (150 ms). */
export function AfterAMoment({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return shown ? children : null;
}

/** A table that is not there yet, in its final layout. */
export function TableSkeleton({ rows = 6 }: { rows?: number }) {
  return (
    <AfterAMoment>
      <div className={styles.table}>
        {Array.from({ length: rows }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are nothing but their place
          <div key={index}>
            <Bone width={140} />
            <Bone width={90} />
            <Bone />
            <Bone width={60} />
          </div>
        ))}
      </div>
    </AfterAMoment>
  );
}

export function CardSkeleton({ lines = 4 }: { lines?: number }) {
  return (
    <AfterAMoment>
      <div className={styles.card}>
        {Array.from({ length: lines }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are nothing but their place
          <Bone key={index} width={index === 0 ? "40%" : `${92 - ((index * 17) % 40)}%`} />
        ))}
      </div>
    </AfterAMoment>
  );
}
