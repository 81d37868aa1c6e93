import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { CheckIcon } from "@/ui/icons";
import styles from "./Welcome.module.css";

interface WelcomeStepProps {
  number: number;
  isDone: boolean | undefined;
  title: string;
  detail: string;
  action?: ReactNode;
  children?: ReactNode;
}

export function WelcomeStep({ number, isDone, title, detail, action, children }: WelcomeStepProps) {
  const t = useTranslations("home.welcome");
  return (
    <li className={styles.step} data-done={isDone || undefined}>
      <span className={styles.tick}>
        {isDone ? <CheckIcon strokeWidth={2.2} /> : <span aria-hidden="true">{number}</span>}
      </span>
      <div className={styles.words}>
        <h2>
          {title}
          <span className="visually-hidden">, {isDone ? t("done") : t("toDo")}</span>
        </h2>
        <p className="sm soft">{detail}</p>
        {children}
      </div>
      {action}
    </li>
  );
}
