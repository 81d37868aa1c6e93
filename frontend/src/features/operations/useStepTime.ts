import { useCallback } from "react";
import { useFormat } from "@/i18n/useFormat";
import { type StepLike, stepDuration } from "./progress";

/** How long a step took or takes so far, in whole seconds; empty before it has begun. */
export function useStepTime(): (step: StepLike, now: number) => string {
  const format = useFormat();
  return useCallback(
    (step, now) => {
      const took = stepDuration(step, now);
      if (took === null) return "";
      return format.duration(took < 1000 ? took : Math.round(took / 1000) * 1000);
    },
    [format],
  );
}
