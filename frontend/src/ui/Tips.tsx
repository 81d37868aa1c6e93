import { useEffect, useState } from "react";
import styles from "./Tips.module.css";

interface Tip {
  text: string;
  x: number;
  y: number;
  below: boolean;
}

const AFTER_MS = 300;
const MARGIN = 8;

/**
 * Draws the tip of whatever is pointed at or focused and carries `data-tip`. One layer for the whole
 * page, so that a tip costs an attribute. What a tip says must also be read out by other means.
 */
export function Tips() {
  const [tip, setTip] = useState<Tip | null>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let host: Element | null = null;

    function show(target: EventTarget | null, delay: number) {
      const next = target instanceof Element ? target.closest("[data-tip]") : null;
      if (next === host) return;
      hide();
      host = next;
      if (next) timer = setTimeout(() => setTip(placed(next)), delay);
    }
    function hide() {
      clearTimeout(timer);
      host = null;
      setTip(null);
    }
    const onPointer = (event: PointerEvent) => show(event.target, AFTER_MS);
    const onFocus = (event: FocusEvent) => {
      const isByKeyboard =
        event.target instanceof Element && event.target.matches(":focus-visible");
      if (isByKeyboard) show(event.target, 0);
    };
    const onPress = (event: PointerEvent) => {
      hide();
      // A finger cannot point: pressing what cannot be pressed tells why.
      if (event.pointerType === "touch") show(event.target, 0);
    };
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && hide();

    document.addEventListener("pointerover", onPointer);
    document.addEventListener("pointerdown", onPress);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("focusout", hide);
    document.addEventListener("keydown", onKey);
    document.addEventListener("scroll", hide, true);
    return () => {
      hide();
      document.removeEventListener("pointerover", onPointer);
      document.removeEventListener("pointerdown", onPress);
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("focusout", hide);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("scroll", hide, true);
    };
  }, []);

  if (!tip) return null;
  return (
    <div
      className={styles.tip}
      data-below={tip.below || undefined}
      style={{ left: tip.x, top: tip.y }}
      aria-hidden="true"
    >
      {tip.text}
    </div>
  );
}

function placed(host: Element): Tip | null {
  const text = host.getAttribute("data-tip");
  const box = host.getBoundingClientRect();
  if (!text || box.width === 0) return null;
  const below = box.top < 60;
  const half = Math.min(160, text.length * 3.2 + 10);
  const middle = box.left + box.width / 2;
  return {
    text,
    x: Math.min(Math.max(middle, half + MARGIN), window.innerWidth - half - MARGIN),
    y: below ? box.bottom + MARGIN : box.top - MARGIN,
    below,
  };
}
