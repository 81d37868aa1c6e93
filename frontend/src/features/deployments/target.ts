/** What can be deployed under one name of the catalogue or of the list of models. */
import type {
  AiModelOut,
  CatalogueEntryOut,
  CatalogueVersionOut,
  FitSummaryOut,
  LicenceOut,
} from "@/api/generated/schema";

export interface VersionChoice {
  /** Its place in the address. */
  key: string;
  quantisation: string;
  sizeBytes: number | null;
  sizeIsEstimated: boolean;
  recommended: boolean;
  fit: FitSummaryOut | null;
  /** The file on our disks, or on its way; null while nobody has asked for it. */
  aiModel: AiModelOut | null;
}

export interface Target {
  name: string;
  title: string;
  entry: CatalogueEntryOut | null;
  licence: LicenceOut | null;
  parameterCount: number | null;
  contextLength: number | null;
  versions: readonly VersionChoice[];
}

export function findTarget(
  name: string,
  entries: readonly CatalogueEntryOut[],
  aiModels: readonly AiModelOut[],
): Target | null {
  const own = aiModels.find((row) => row.name === name || String(row.id) === name);
  const wanted = own?.catalogue_name || name;
  const entry = entries.find((each) => each.name === wanted || each.title === wanted);
  if (entry) return fromEntry(entry, aiModels);
  return own ? fromOwn(own) : null;
}

function fromEntry(entry: CatalogueEntryOut, aiModels: readonly AiModelOut[]): Target {
  return {
    name: entry.name,
    title: entry.title,
    entry,
    licence: entry.licence,
    parameterCount: entry.parameter_count,
    contextLength: entry.context_length,
    versions: entry.versions.map((version) => ({
      key: version.name,
      quantisation: version.quantisation || version.name,
      sizeBytes: version.size_bytes,
      sizeIsEstimated: version.estimated ?? false,
      recommended: version.recommended ?? false,
      fit: version.fit ?? null,
      aiModel: aiModels.find((row) => row.id === version.ai_model_id) ?? pending(version),
    })),
  };
}

/** The catalogue may know of a copy a moment before the list of models has been asked again. */
function pending(version: CatalogueVersionOut): AiModelOut | null {
  if (!version.ai_model_id) return null;
  return {
    id: version.ai_model_id,
    name: version.name,
    state: version.ai_model_state ?? "pending",
    state_reason: "",
    allowed_actions: [],
    deployment_names: [],
    current_operation_id: null,
  } as unknown as AiModelOut;
}

function fromOwn(row: AiModelOut): Target {
  return {
    name: row.name,
    title: row.name,
    entry: null,
    licence: null,
    parameterCount: row.parameter_count,
    contextLength: row.context_length,
    versions: [
      {
        key: row.quantisation || "file",
        quantisation: row.quantisation || "GGUF",
        sizeBytes: row.size_bytes,
        sizeIsEstimated: false,
        recommended: true,
        fit: null,
        aiModel: row,
      },
    ],
  };
}

/** The version to begin with: the one asked for, one that is here, the best that fits. */
export function firstVersion(target: Target, asked: string | undefined): VersionChoice | undefined {
  const { versions } = target;
  const named = versions.find((version) => version.key === asked);
  const here = versions.find((version) => version.aiModel?.state === "ready");
  const advised = versions.find((version) => version.recommended);
  if (named) return named;
  if (here) return here;
  if (advised && advised.fit?.fits !== false) return advised;
  const fitting = versions.filter((version) => version.fit?.fits);
  const largest = fitting.sort((one, other) => (other.sizeBytes ?? 0) - (one.sizeBytes ?? 0))[0];
  return largest ?? advised ?? versions[0];
}
