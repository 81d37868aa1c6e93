import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Button, IconButton } from "./Button";
import { CheckIcon, CopyIcon } from "./icons";

interface CopyButtonProps {
  text: string | (() => string);
  /** What is copied, for the icon form: "Copy the address". */
  label?: string;
  iconOnly?: boolean;
  kind?: "plain" | "go" | "ghost";
  size?: "md" | "sm";
}

export function CopyButton({
  text,
  label,
  iconOnly,
  kind = "ghost",
  size = "sm",
}: CopyButtonProps) {
  const t = useTranslations("ui");
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    await writeToClipboard(typeof text === "function" ? text() : text);
    setCopied(true);
  }

  const icon = copied ? CheckIcon : CopyIcon;
  const words = copied ? t("copied") : (label ?? t("copy"));
  return iconOnly ? (
    <IconButton icon={icon} label={words} kind={kind} size={size} onClick={copy} />
  ) : (
    <Button icon={icon} kind={kind} size={size} onClick={copy}>
      <span aria-live="polite">{words}</span>
    </Button>
  );
}

/** Also over plain HTTP in the house's own network, where the clipboard API is closed. */
export async function writeToClipboard(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  // Inside the open dialog, whose focus trap would otherwise take the selection back.
  const host = document.activeElement?.closest("[role=dialog]") ?? document.body;
  host.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
