import { createLink } from "@tanstack/react-router";
import { type ComponentPropsWithRef, type MouseEvent, type ReactNode, useId } from "react";
import styles from "./Button.module.css";
import type { IconType } from "./icons";
import { Mark } from "./Mark";

interface Look {
  /** `go` is the one primary button of a page; `wipe` confirms what cannot be undone. */
  kind?: "plain" | "go" | "ghost" | "danger" | "wipe";
  size?: "md" | "sm";
  icon?: IconType;
  wide?: boolean;
  children?: ReactNode;
}

interface ButtonProps extends Look, Omit<ComponentPropsWithRef<"button">, "children"> {
  /** Set while the request is under way: the button turns and takes no second press. */
  busy?: boolean;
  /** Why it cannot be pressed. Disabled buttons stay focusable, so that the reason can be read. */
  disabledReason?: string | null | undefined;
}

export function Button({
  kind = "plain",
  size = "md",
  icon: Icon,
  wide,
  busy = false,
  disabled,
  disabledReason,
  onClick,
  children,
  type = "button",
  ...rest
}: ButtonProps) {
  const reasonId = useId();
  const off = Boolean(disabledReason) || disabled || busy;
  function press(event: MouseEvent<HTMLButtonElement>) {
    if (off) event.preventDefault();
    else onClick?.(event);
  }
  return (
    <button
      {...rest}
      type={type}
      className={styles.button}
      data-kind={kind}
      data-size={size}
      data-tip={disabledReason || undefined}
      data-wide={wide || undefined}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      aria-describedby={disabledReason ? reasonId : undefined}
      onClick={press}
    >
      {busy ? <Mark tone="busy" /> : Icon && <Icon size={size === "sm" ? 14 : 16} />}
      {children}
      {disabledReason && <Reason id={reasonId} text={disabledReason} />}
    </button>
  );
}

/** Read out after the button's name; the eye gets the same words from the tip. */
function Reason({ id, text }: { id: string; text: string }) {
  return (
    <span id={id} hidden>
      {text}
    </span>
  );
}

interface AnchorProps extends Look, Omit<ComponentPropsWithRef<"a">, "children"> {}

/** A link that looks like a button and leaves the console, such as a file to save. */
export function ButtonAnchor({
  kind = "plain",
  size = "md",
  icon: Icon,
  wide,
  children,
  ...rest
}: AnchorProps) {
  return (
    <a
      {...rest}
      className={styles.button}
      data-kind={kind}
      data-size={size}
      data-wide={wide || undefined}
    >
      {Icon && <Icon size={size === "sm" ? 14 : 16} />}
      {children}
    </a>
  );
}

/** A button that goes somewhere: takes the router's `to`, `params` and `search`. */
export const ButtonLink = createLink(ButtonAnchor);

interface IconButtonProps extends Omit<ButtonProps, "icon" | "children" | "wide"> {
  icon: IconType;
  /** Verb and object, such as "More for Home Assistant". */
  label: string;
  hint?: boolean;
}

export function IconButton({
  icon: Icon,
  label,
  kind = "ghost",
  size = "sm",
  hint = true,
  busy,
  disabled,
  disabledReason,
  onClick,
  type = "button",
  ...rest
}: IconButtonProps) {
  const reasonId = useId();
  const off = Boolean(disabledReason) || disabled || busy;
  return (
    <button
      {...rest}
      type={type}
      className={styles.button}
      data-kind={kind}
      data-size={size}
      data-square
      data-tip={hint ? disabledReason || label : undefined}
      aria-label={label}
      aria-disabled={off || undefined}
      aria-describedby={disabledReason ? reasonId : undefined}
      onClick={(event) => (off ? event.preventDefault() : onClick?.(event))}
    >
      {busy ? <Mark tone="busy" /> : <Icon />}
      {disabledReason && <Reason id={reasonId} text={disabledReason} />}
    </button>
  );
}
