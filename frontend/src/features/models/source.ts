/** What the import dialog collects, and what it sends. */
import type { AddAIModel } from "@/api/aiModels";

export type Way = "path" | "upload" | "url";

export interface SourceDraft {
  way: Way;
  name: string;
  path: string;
  url: string;
  sha256: string;
  file: File | null;
}

export function looksLikeSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text.trim());
}

function looksLikeAddress(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text.trim());
}

export function isReadyToSend(draft: SourceDraft): boolean {
  switch (draft.way) {
    case "path":
      return draft.path.trim() !== "";
    case "upload":
      return draft.file !== null;
    case "url":
      return looksLikeAddress(draft.url) && (!draft.sha256.trim() || looksLikeSha256(draft.sha256));
  }
}

/** The body for a path or an address; an upload is sent as a form instead. */
export function sourceOf(draft: SourceDraft): AddAIModel {
  const source =
    draft.way === "url"
      ? {
          url: draft.url.trim(),
          ...(draft.sha256.trim() ? { sha256: draft.sha256.trim().toLowerCase() } : {}),
        }
      : { path: draft.path.trim() };
  return { name: draft.name.trim(), source, accept_licence: false };
}
