import { type ComponentPropsWithRef, useId } from "react";
import styles from "./Field.module.css";

interface FieldProps extends Omit<ComponentPropsWithRef<"input">, "onChange" | "value"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  note?: string;
  error?: string | null;
}

/** One line of text with its label. For pages that must load before any form library. */
export function Field({ label, value, onChange, note, error, autoFocus, ...rest }: FieldProps) {
  const id = useId();
  const below = error || note;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        {...rest}
        id={id}
        ref={(input) => {
          if (autoFocus && !input?.dataset.met) input?.focus();
          if (input) input.dataset.met = "yes";
        }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        aria-invalid={error ? true : undefined}
        aria-describedby={below ? `${id}-below` : undefined}
      />
      {below && (
        <small id={`${id}-below`} data-bad={error ? true : undefined}>
          {below}
        </small>
      )}
    </div>
  );
}
