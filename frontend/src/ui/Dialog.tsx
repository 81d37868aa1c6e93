import { Modal } from "@mantine/core";
import type { FormEventHandler, ReactNode } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { XIcon } from "./icons";
import { RestingFocus } from "./RestingFocus";
import { useFocusBack } from "./useFocusBack";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** A dim line: under the title when long, beside the close button when short. */
  note?: ReactNode;
  noteUnderTitle?: boolean;
  /** In px. On a phone every dialog is a sheet of full width. */
  width?: number;
  footer?: ReactNode;
  /** With it, the whole dialog is one form and Enter sends it. */
  onSubmit?: FormEventHandler<HTMLFormElement>;
  /** False while leaving would lose something that is shown only once. */
  closable?: boolean;
  children: ReactNode;
}

export function Dialog({
  open,
  onClose,
  title,
  note,
  noteUnderTitle,
  width = 560,
  footer,
  onSubmit,
  closable = true,
  children,
}: DialogProps) {
  const t = useTranslations("ui");
  useFocusBack(open);
  const inner = (
    <>
      <div className={styles.header}>
        <div className="grow">
          <Modal.Title component="h1" className={styles.title}>
            {title}
          </Modal.Title>
          {note && noteUnderTitle && <p className="xs dim">{note}</p>}
        </div>
        {note && !noteUnderTitle && <span className="xs dim desk">{note}</span>}
        {closable && <IconButton icon={XIcon} label={t("close")} hint={false} onClick={onClose} />}
      </div>
      <div className={styles.body}>{children}</div>
      {footer && <div className={styles.footer}>{footer}</div>}
      <RestingFocus />
    </>
  );
  return (
    <Modal.Root
      opened={open}
      onClose={onClose}
      closeOnEscape={closable}
      closeOnClickOutside={false}
      centered
      size={width}
      classNames={{ content: styles.content, inner: styles.place }}
    >
      <Modal.Overlay />
      <Modal.Content>
        {onSubmit ? (
          <form className={styles.frame} onSubmit={onSubmit} noValidate>
            {inner}
          </form>
        ) : (
          <div className={styles.frame}>{inner}</div>
        )}
      </Modal.Content>
    </Modal.Root>
  );
}
