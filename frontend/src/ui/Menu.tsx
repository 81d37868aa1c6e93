import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import buttonStyles from "./Button.module.css";
import { EllipsisIcon, type IconType } from "./icons";
import styles from "./Menu.module.css";

export interface MenuItem {
  label: string;
  icon?: IconType;
  onSelect: () => void;
  danger?: boolean;
  /** Why it is impossible now. The item stays, with the reason under it. */
  disabledReason?: string | null;
  checked?: boolean;
}

interface MenuProps {
  /** Verb and object: "More for Home Assistant". */
  label: string;
  items: readonly MenuItem[];
  /** A dim line above the items. */
  heading?: string;
  /** What opens it; without it three dots. */
  button?: ReactNode;
  buttonClass?: string | undefined;
  size?: "md" | "sm";
}

/** A button that opens a list of verbs. The browser's own popover closes it and brings focus back. */
export function Menu({ label, items, heading, button, buttonClass, size = "sm" }: MenuProps) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  function onToggle() {
    const menu = list.current;
    const box = opener.current?.getBoundingClientRect();
    if (!menu?.matches(":popover-open") || !box) return;
    const right = Math.max(8, window.innerWidth - box.right);
    menu.style.right = `${right}px`;
    const below = window.innerHeight - box.bottom;
    const goesUp = below < menu.offsetHeight + 16 && box.top > below;
    menu.style.top = goesUp ? "auto" : `${box.bottom + 6}px`;
    menu.style.bottom = goesUp ? `${window.innerHeight - box.top + 6}px` : "auto";
    menu.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    const entries = [...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const last = entries.length - 1;
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      entries[(next + entries.length) % entries.length]?.focus();
    } else if (event.key === "Tab") {
      list.current?.hidePopover();
    }
  }

  function choose(item: MenuItem) {
    if (item.disabledReason) return;
    list.current?.hidePopover();
    item.onSelect();
  }

  return (
    <>
      <button
        ref={opener}
        type="button"
        className={buttonClass ?? buttonStyles.button}
        data-kind={size === "md" ? "plain" : "ghost"}
        data-size={size}
        data-square={button ? undefined : true}
        aria-label={label}
        aria-haspopup="menu"
        popoverTarget={id}
      >
        {button ?? <EllipsisIcon />}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className={styles.menu}
        onToggle={onToggle}
        onKeyDown={onKeyDown}
      >
        {heading && <p className={styles.heading}>{heading}</p>}
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role={item.checked === undefined ? "menuitem" : "menuitemradio"}
            {...(item.checked === undefined ? {} : { "aria-checked": item.checked })}
            aria-disabled={item.disabledReason ? true : undefined}
            tabIndex={-1}
            data-danger={item.danger || undefined}
            onClick={() => choose(item)}
          >
            {item.icon && <item.icon />}
            <span>
              {item.label}
              {item.disabledReason && <small>{item.disabledReason}</small>}
            </span>
          </button>
        ))}
      </div>
    </>
  );
}
