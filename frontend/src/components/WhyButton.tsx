import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import type { Subject } from "@/api/keys";
import styles from "./WhyButton.module.css";

export type Explained = Extract<Subject, "node" | "deployment" | "operation">;

export interface WhyProps {
  subject: Explained;
  id: string | number;
  state: string;
  /** Carries out a fix by the ordinary endpoint of its action. Without it fixes are read only. */
  onFix?: (action: string) => void;
}

const WhyPanel = lazy(() => import("./WhyPanel"));

/** Stands beside every state that is not well: opens the cause, the evidence and the fixes. */
export function WhyButton(props: WhyProps) {
  const t = useTranslations("components.why");
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={styles.why} onClick={() => setOpen(true)}>
        {t("button")}
      </button>
      <Suspense>{open && <WhyPanel {...props} onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}
