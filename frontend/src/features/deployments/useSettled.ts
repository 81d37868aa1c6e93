import { useEffect, useState } from "react";

/** A value once it has stopped changing, and whether it still moves. Compared by content. */
export function useSettled<Value>(
  value: Value,
  afterMs: number,
): { value: Value; isMoving: boolean } {
  const text = JSON.stringify(value);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    if (text === settled) return;
    const timer = setTimeout(() => setSettled(text), afterMs);
    return () => clearTimeout(timer);
  }, [text, settled, afterMs]);
  return { value: JSON.parse(settled) as Value, isMoving: text !== settled };
}
