import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { CheckIcon, XIcon } from "@/ui/icons";
import { Mark } from "@/ui/Mark";
import styles from "./StepList.module.css";

export interface StepRow {
  key: string;
  title: string;
  /** Its place among all steps, where only some are shown. */
  number?: number;
  detail?: ReactNode;
  /** Duration or estimate. */
  time?: ReactNode;
  state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
}

interface StepListProps {
  steps: readonly StepRow[];
  selected?: string | undefined;
  onSelect?: (key: string) => void;
}

/** The timeline of an operation: what is done, what runs, what is to come. */
export function StepList({ steps, selected, onSelect }: StepListProps) {
  const t = useTranslations("components.steps");
  return (
    <ol className={styles.steps} aria-label={t("label")}>
      {steps.map((step, index) => {
        const inner = (
          <>
            <span className={styles.dot} data-state={step.state}>
              <Dot step={step} number={step.number ?? index + 1} />
            </span>
            <span className={styles.words}>
              <span className={step.state === "pending" ? "dim" : "medium"}>{step.title}</span>
              <span className="visually-hidden">, {t(wordFor(step.state))}</span>
              {step.detail && <small>{step.detail}</small>}
            </span>
            <span className={styles.time}>{step.time}</span>
          </>
        );
        return (
          <li key={step.key} data-selected={step.key === selected || undefined}>
            {onSelect ? (
              <button
                type="button"
                aria-pressed={step.key === selected}
                onClick={() => onSelect(step.key)}
              >
                {inner}
              </button>
            ) : (
              <div>{inner}</div>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function wordFor(state: StepRow["state"]) {
  return state === "succeeded" ? "done" : state;
}

function Dot({ step, number }: { step: StepRow; number: number }) {
  switch (step.state) {
    case "succeeded":
      return <CheckIcon size={12} strokeWidth={2.2} />;
    case "failed":
    case "cancelled":
      return <XIcon size={12} strokeWidth={2.2} />;
    case "running":
      return <Mark tone="busy" />;
    case "pending":
      return number;
  }
}
