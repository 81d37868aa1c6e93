import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "./Button";
import { XIcon } from "./icons";
import styles from "./Panel.module.css";
import { RestingFocus } from "./RestingFocus";

interface PanelProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  width?: number;
  footer?: ReactNode;
  children: ReactNode;
}

/** Slides in from the right; on a phone it is a sheet from below. */
export function Panel({ open, onClose, title, width = 420, footer, children }: PanelProps) {
  const t = useTranslations("ui");
  return (
    <Drawer.Root
      opened={open}
      onClose={onClose}
      position="right"
      size={width}
      classNames={{ content: styles.content, inner: styles.place }}
    >
      <Drawer.Overlay />
      <Drawer.Content>
        <div className={styles.frame}>
          <div className={styles.header}>
            <Drawer.Title component="h1" className={styles.title}>
              {title}
            </Drawer.Title>
            <IconButton icon={XIcon} label={t("close")} hint={false} onClick={onClose} />
          </div>
          <div className={styles.body}>{children}</div>
          {footer && <div className={styles.footer}>{footer}</div>}
          <RestingFocus />
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}
