import styles from "./Meter.module.css";

export interface MeterPart {
  /** Share of the whole, 0 to 1. */
  share: number;
  kind: "main" | "second" | "third" | "good" | "quiet" | "too-much";
}

interface MeterProps {
  /** What it measures, in words: "19.8 of 24 GB used". */
  label: string;
  share?: number;
  parts?: MeterPart[];
  height?: number;
}

export function Meter({ label, share, parts, height = 6 }: MeterProps) {
  const shown = parts ?? [{ share: share ?? 0, kind: "main" as const }];
  return (
    <span className={styles.meter} style={{ height }} role="img" aria-label={label}>
      {shown.map((part) => (
        <i
          key={part.kind}
          data-kind={part.kind}
          style={{ width: `${Math.max(0, Math.min(1, part.share)) * 100}%` }}
        />
      ))}
    </span>
  );
}
