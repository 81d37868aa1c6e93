import { useCallback } from "react";
import { useFormat } from "@/i18n/useFormat";
import { asLocalDay, type Step } from "./spans";

/** Says when a step began, given in Unix seconds: "14:00" or "10 Mar". */
export function useStepWords(step: Step): (unixSeconds: number) => string {
  const format = useFormat();
  return useCallback(
    (at) => (step === "hour" ? format.clock(at * 1000) : format.day(asLocalDay(at * 1000))),
    [format, step],
  );
}
