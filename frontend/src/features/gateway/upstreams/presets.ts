/** The kinds of server people add, and what a form for each begins with. Pure. */
import type { AddUpstreamIn } from "@/api/generated/schema";

export const PRESETS = [
  "openai",
  "anthropic",
  "hearth",
  "vllm",
  "llamacpp",
  "ollama",
  "other",
] as const;
export type Preset = (typeof PRESETS)[number];

interface Beginning {
  kind: AddUpstreamIn["kind"];
  /** Filled in where the address is always the same, else only shown as an example. */
  address: string;
  isFixed: boolean;
  asksForKey: boolean;
}

const BEGINNINGS: Record<Preset, Beginning> = {
  openai: {
    kind: "openai",
    address: "https://api.openai.com/v1",
    isFixed: true,
    asksForKey: true,
  },
  anthropic: {
    kind: "anthropic",
    address: "https://api.anthropic.com/v1",
    isFixed: true,
    asksForKey: true,
  },
  hearth: {
    kind: "openai",
    address: "https://hearth.example.net/v1",
    isFixed: false,
    asksForKey: true,
  },
  vllm: {
    kind: "openai",
    address: "http://192.168.1.20:8000/v1",
    isFixed: false,
    asksForKey: false,
  },
  llamacpp: {
    kind: "openai",
    address: "http://192.168.1.20:8080/v1",
    isFixed: false,
    asksForKey: false,
  },
  ollama: {
    kind: "openai",
    address: "http://192.168.1.20:11434/v1",
    isFixed: false,
    asksForKey: false,
  },
  other: {
    kind: "openai",
    address: "https://models.example.net/v1",
    isFixed: false,
    asksForKey: true,
  },
};

export function beginningOf(preset: Preset): Beginning {
  return BEGINNINGS[preset];
}

/** The address after another kind was chosen: what somebody has typed is never lost. */
export function addressFor(preset: Preset, before: string): string {
  const known = PRESETS.some(
    (one) => BEGINNINGS[one].isFixed && BEGINNINGS[one].address === before,
  );
  if (before && !known) return before;
  const { address, isFixed } = BEGINNINGS[preset];
  return isFixed ? address : "";
}
