import { useTranslations } from "use-intl";
import styles from "@/ui/Chips.module.css";
import { StateMark } from "./StateBadge";
import { TONE_OF, toState } from "./states";

interface StateChipsProps {
  label: string;
  /** Words of the chip that takes every state. */
  all: string;
  states: readonly { state: string; count?: number; label?: string }[];
  total?: number;
  /** The chosen state; empty for all. */
  value: string;
  onChange: (state: string) => void;
}

/** Filters by state: each chip with the shape and word of its state. */
export function StateChips({ label, all, states, total, value, onChange }: StateChipsProps) {
  const t = useTranslations("components.state");
  return (
    <fieldset className={styles.chips}>
      <legend className="visually-hidden">{label}</legend>
      <button
        type="button"
        className={styles.chip}
        aria-pressed={value === ""}
        onClick={() => onChange("")}
      >
        {all} {total}
      </button>
      {states.map((one) => (
        <button
          key={one.state}
          type="button"
          className={styles.chip}
          aria-pressed={value === one.state}
          onClick={() => onChange(value === one.state ? "" : one.state)}
        >
          <StateMark tone={TONE_OF[toState(one.state)]} />
          {one.label ?? t(toState(one.state))} {one.count}
        </button>
      ))}
    </fieldset>
  );
}
