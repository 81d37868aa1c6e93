import { queryOptions } from "@tanstack/react-query";
import type { Tone } from "@/ui/Mark";
import { api, unwrap } from "./client";

const ASK_EVERY_MS = 20_000;

/** The verdict about everything and its parts. It ages, so it is asked for again by itself. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: () => unwrap(api.GET("/api/status")),
  refetchInterval: ASK_EVERY_MS,
});

const TONES: Record<string, Tone> = {
  works: "good",
  serving: "attention",
  not_serving: "bad",
  good: "good",
  attention: "attention",
  bad: "bad",
};

export function toneOfVerdict(verdict: string | undefined): Tone {
  return (verdict && TONES[verdict]) || "quiet";
}
