import { useEffect } from "react";

/** What was focused when the last dialog opened: a dialog that replaces another goes back there. */
let lastOpener: HTMLElement | null = null;

/** A dialog that is dropped instead of closed gives the focus back to what opened it, too. */
export function useFocusBack(open: boolean): void {
  useEffect(() => {
    if (!open) return;
    const active = document.activeElement;
    if (active instanceof HTMLElement && active !== document.body) lastOpener = active;
    const opener = lastOpener;
    return () => {
      setTimeout(() => {
        const isLost = document.activeElement === null || document.activeElement === document.body;
        if (isLost && opener?.isConnected) opener.focus();
      });
    };
  }, [open]);
}
