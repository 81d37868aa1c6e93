/** The rows of the catalogue: the shipped entries and what people brought themselves, as one list. */
import type { AiModelOut, CatalogueEntryOut, CatalogueVersionOut } from "@/api/generated/schema";

export interface ModelRow {
  /** Its place in addresses. */
  name: string;
  title: string;
  tasks: readonly string[];
  parameterCount: number | null;
  activeParameterCount: number | null;
  contextLength: number | null;
  licence: string;
  quantisation: string;
  sizeBytes: number | null;
  sizeIsEstimated: boolean;
  fit: CatalogueVersionOut["fit"];
  /** The file on our disks, when there is one or one is on its way. */
  aiModel: AiModelOut | null;
  /** Deployments of any of its versions. */
  deploymentNames: readonly string[];
}

/** The version worth showing: one that is here, else the recommended, else the largest that fits. */
export function bestVersion(
  versions: readonly CatalogueVersionOut[],
): CatalogueVersionOut | undefined {
  const here = versions.filter((version) => version.ai_model_id);
  const ready = here.find((version) => version.ai_model_state === "ready");
  const advised = versions.find((version) => version.recommended);
  if (ready) return ready;
  if (here[0]) return here[0];
  if (advised && advised.fit?.fits !== false) return advised;
  const fitting = versions.filter((version) => version.fit?.fits);
  return (
    fitting.sort((one, other) => other.size_bytes - one.size_bytes)[0] ?? advised ?? versions[0]
  );
}

export function modelRows(
  entries: readonly CatalogueEntryOut[],
  aiModels: readonly AiModelOut[],
): ModelRow[] {
  const byId = new Map(aiModels.map((row) => [row.id, row]));
  const known = new Set<number>();
  const shipped = entries.map((entry): ModelRow => {
    const copies = entry.versions.flatMap((version) => {
      const row = version.ai_model_id ? byId.get(version.ai_model_id) : undefined;
      return row ? [row] : [];
    });
    for (const copy of copies) known.add(copy.id);
    const best = bestVersion(entry.versions);
    return {
      name: entry.name,
      title: entry.title,
      tasks: entry.tasks,
      parameterCount: entry.parameter_count,
      activeParameterCount: entry.active_parameter_count ?? null,
      contextLength: entry.context_length,
      licence: entry.licence.name,
      quantisation: best?.quantisation ?? "",
      sizeBytes: best?.size_bytes ?? null,
      sizeIsEstimated: best?.estimated ?? false,
      fit: best?.fit ?? null,
      aiModel: copies.find((copy) => copy.id === best?.ai_model_id) ?? null,
      deploymentNames: copies.flatMap((copy) => copy.deployment_names ?? []),
    };
  });
  const own = aiModels
    .filter((row) => !known.has(row.id))
    .map(
      (row): ModelRow => ({
        name: row.name,
        title: row.name,
        tasks: [row.task],
        parameterCount: row.parameter_count,
        activeParameterCount: null,
        contextLength: row.context_length,
        licence: row.licence,
        quantisation: row.quantisation,
        sizeBytes: row.size_bytes,
        sizeIsEstimated: false,
        fit: null,
        aiModel: row,
        deploymentNames: row.deployment_names ?? [],
      }),
    );
  return [...own, ...shipped];
}

export interface ModelFilter {
  task: string;
  words: string;
  onlyFitting: boolean;
}

export function filterRows(rows: readonly ModelRow[], filter: ModelFilter): ModelRow[] {
  const words = filter.words.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter.task && !row.tasks.includes(filter.task)) return false;
    if (filter.onlyFitting && row.fit && !row.fit.fits) return false;
    const text = [row.name, row.title, row.licence, row.quantisation, ...row.tasks]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The tasks that occur, the most frequent first. */
export function tasksOf(rows: readonly ModelRow[]): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    for (const task of row.tasks) counts.set(task, (counts.get(task) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]).map(([task]) => task);
}
