import styles from "./Spark.module.css";

interface SparkProps {
  /** What it shows, in words: "240 requests in 24 hours, most of them at 14:00". */
  label: string;
  /** Equal steps of time, the oldest first. */
  values: readonly number[];
  width?: number;
  height?: number;
}

const GAP = 1;
const LEAST = 1.5;

/** A tiny chart for a table's cell: its shape is compared, its numbers are not read from it. */
export function Spark({ label, values, width = 96, height = 22 }: SparkProps) {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  return (
    <svg
      className={styles.spark}
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      {values.map((value, index) => {
        const tall = value > 0 ? Math.max(LEAST, (value / most) * height) : LEAST / 2;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is nothing but its place
            key={index}
            data-none={value === 0 || undefined}
            x={index * step}
            y={height - tall}
            width={Math.max(1, step - GAP)}
            height={tall}
            rx={0.8}
          />
        );
      })}
    </svg>
  );
}
