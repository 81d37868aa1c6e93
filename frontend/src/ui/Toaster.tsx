import { useTranslations } from "use-intl";
import { Button, IconButton } from "./Button";
import { XIcon } from "./icons";
import { Mark } from "./Mark";
import styles from "./Toaster.module.css";
import { dismissToast, useToasts } from "./toasts";

export function Toaster() {
  const t = useTranslations("ui");
  const toasts = useToasts();
  return (
    <div className={styles.place} aria-live="polite" role="status">
      {toasts.map((toast) => (
        <div key={toast.id} className={styles.toast}>
          <span className="state bare" data-tone={toast.tone}>
            <Mark tone={toast.tone} />
          </span>
          <span className="grow">{toast.text}</span>
          {toast.action && (
            <Button
              size="sm"
              onClick={() => {
                toast.action?.run();
                dismissToast(toast.id);
              }}
            >
              {toast.action.label}
            </Button>
          )}
          <IconButton
            icon={XIcon}
            label={t("dismiss")}
            hint={false}
            onClick={() => dismissToast(toast.id)}
          />
        </div>
      ))}
    </div>
  );
}
