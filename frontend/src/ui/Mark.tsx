/** The six shapes of state. A colour never stands alone: the shape says the same. */
import styles from "./Mark.module.css";

export type Tone = "good" | "busy" | "attention" | "bad" | "quiet" | "asleep";

const SHAPES: Record<Tone, React.ReactNode> = {
  good: <circle cx="5" cy="5" r="4.2" fill="currentColor" />,
  busy: (
    <path
      d="M5 1a4 4 0 1 0 4 4"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
    />
  ),
  attention: <path d="M5 .8 9.6 9H.4z" fill="currentColor" />,
  bad: <rect x="1" y="1" width="8" height="8" rx="1.2" fill="currentColor" />,
  quiet: <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  asleep: <path d="M9 6.3A4.2 4.2 0 1 1 3.9 1 3.6 3.6 0 0 0 9 6.3z" fill="currentColor" />,
};

/** Takes its colour from the nearest `.state`; inside a button it is the button's own ink. */
export function Mark({ tone, size = 10 }: { tone: Tone; size?: number }) {
  return (
    <svg
      viewBox="0 0 10 10"
      width={size}
      height={size}
      aria-hidden="true"
      className={styles.mark}
      data-tone={tone}
    >
      {SHAPES[tone]}
    </svg>
  );
}
