/** Every state of every state machine, and the tone and word it is shown with. */
import type { Tone } from "@/ui/Mark";

export const TONE_OF = {
  enrolled: "quiet",
  provisioning: "busy",
  ready: "good",
  draining: "busy",
  drained: "quiet",
  unreachable: "bad",
  retired: "quiet",
  pending: "quiet",
  deploying: "busy",
  degraded: "attention",
  stopping: "busy",
  stopped: "quiet",
  starting: "busy",
  lost: "bad",
  queued: "quiet",
  running: "busy",
  waiting: "attention",
  succeeded: "good",
  cancelled: "quiet",
  cancelling: "busy",
  failed: "bad",
  downloading: "busy",
  verifying: "busy",
  asleep: "asleep",
  active: "good",
  revoked: "quiet",
  expired: "quiet",
  unknown: "quiet",
} as const satisfies Record<string, Tone>;

export type State = keyof typeof TONE_OF;

/** A word that the console does not know yet is shown as unknown, never as good. */
export function toState(word: string): State {
  return word in TONE_OF ? (word as State) : "unknown";
}

export function isMoving(word: string): boolean {
  return TONE_OF[toState(word)] === "busy" || word === "queued" || word === "pending";
}
