import { useTranslations } from "use-intl";
import { Mark, type Tone } from "@/ui/Mark";
import styles from "./StateBadge.module.css";
import { type State, TONE_OF, toState } from "./states";

interface StateBadgeProps {
  state: string;
  /** `bare` has no ground: for tables with many rows and inside sentences. */
  bare?: boolean;
  /** Words that say more than the state's own, such as "Ready, asleep". */
  label?: string;
  tone?: Tone;
}

/** A state as shape, colour and word. */
export function StateBadge({ state, bare, label, tone }: StateBadgeProps) {
  const t = useTranslations("components.state");
  const known: State = toState(state);
  const shown = tone ?? TONE_OF[known];
  return (
    <span
      className={`state ${styles.badge} ${bare ? `bare ${styles.bare}` : ""}`}
      data-tone={shown}
    >
      <Mark tone={shown} />
      {label ?? t(known)}
    </span>
  );
}

/** The shape alone, where the word stands beside it. Its name is read to those who do not see it. */
export function StateMark({ state, tone, size }: { state?: string; tone?: Tone; size?: number }) {
  const t = useTranslations("components.state");
  const known = toState(state ?? "unknown");
  const shown = tone ?? TONE_OF[known];
  return (
    <span className={`state bare ${styles.bare} ${styles.alone}`} data-tone={shown}>
      <Mark tone={shown} {...(size ? { size } : {})} />
      {state && <span className="visually-hidden">{t(known)}</span>}
    </span>
  );
}
