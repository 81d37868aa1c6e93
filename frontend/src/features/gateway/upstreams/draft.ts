/** An upstream as it is typed in, and what of it is sent. Pure. */
import type { AddUpstreamIn, ChangeUpstreamIn, UpstreamOut } from "@/api/generated/schema";
import { isAddress, leavesTheHouse } from "./address";
import { beginningOf, type Preset } from "./presets";

export const SPOKEN = [
  "chat",
  "completions",
  "embeddings",
  "messages",
  "responses",
  "rerank",
  "audio",
] as const;
export type Spoken = (typeof SPOKEN)[number];

export interface UpstreamDraft {
  name: string;
  address: string;
  key: string;
  /** Take away the key that is stored. */
  withoutKey: boolean;
  /** Null: as the address looks. */
  leaves: boolean | null;
  speaks: readonly Spoken[];
  context: string;
}

export const EMPTY: UpstreamDraft = {
  name: "",
  address: "",
  key: "",
  withoutKey: false,
  leaves: null,
  speaks: [],
  context: "",
};

export function draftOf(upstream: UpstreamOut): UpstreamDraft {
  return {
    name: upstream.name,
    address: upstream.base_url,
    key: "",
    withoutKey: false,
    leaves: upstream.leaves_house,
    speaks: upstream.speaks,
    context: upstream.context_length === null ? "" : String(upstream.context_length),
  };
}

/** Whether requests to it leave the house, as said or else as the address looks. */
export function leavesOf(draft: UpstreamDraft): boolean {
  return draft.leaves ?? (isAddress(draft.address) && leavesTheHouse(draft.address));
}

/** Tokens; null for none said, undefined for what is no such number. */
export function contextOf(text: string): number | null | undefined {
  const plain = text.replace(/[\s.,]/g, "");
  if (plain === "") return null;
  const tokens = /^\d+$/.test(plain) ? Number(plain) : 0;
  return tokens >= 1 && tokens <= 1e9 ? tokens : undefined;
}

export function isReady(draft: UpstreamDraft): boolean {
  return (
    draft.name.trim() !== "" && isAddress(draft.address) && contextOf(draft.context) !== undefined
  );
}

export function toAdd(draft: UpstreamDraft, preset: Preset): AddUpstreamIn {
  return {
    name: draft.name.trim(),
    base_url: draft.address.trim(),
    api_key: draft.key.trim(),
    kind: beginningOf(preset).kind,
    leaves_house: draft.leaves,
    context_length: contextOf(draft.context) ?? null,
    ...(draft.speaks.length > 0 ? { speaks: [...draft.speaks] } : {}),
  };
}

/** Only what differs from what is stored; empty when nothing does. */
export function toChange(draft: UpstreamDraft, stored: UpstreamOut): Partial<ChangeUpstreamIn> {
  const change: Partial<ChangeUpstreamIn> = {};
  const name = draft.name.trim();
  const address = draft.address.trim();
  const context = contextOf(draft.context) ?? null;
  const leaves = leavesOf(draft);
  if (name !== stored.name) change.name = name;
  if (address !== stored.base_url) change.base_url = address;
  if (draft.withoutKey) change.api_key = "";
  else if (draft.key.trim()) change.api_key = draft.key.trim();
  if (leaves !== stored.leaves_house) change.leaves_house = leaves;
  if (context !== stored.context_length) change.context_length = context;
  if ([...draft.speaks].sort().join() !== [...stored.speaks].sort().join()) {
    change.speaks = [...draft.speaks];
  }
  return change;
}
