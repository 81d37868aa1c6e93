import { useQueries } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { FitSummaryOut, PreviewOut } from "@/api/generated/schema";
import { listKey } from "@/api/keys";
import { usualContext } from "@/lib/context";
import type { ModelRow } from "./catalogue";

/** The catalogue says how its versions fit; what people brought themselves is asked for here. */
export function useOwnFits(rows: readonly ModelRow[]): readonly ModelRow[] {
  const asked = rows.filter((row) => !row.fit && row.aiModel?.state === "ready");
  const answers = useQueries({
    queries: asked.map((row) => ({
      queryKey: listKey("deployment", "fit", row.aiModel?.id),
      queryFn: () => askFit(row.aiModel?.id ?? 0, usualContext(row.contextLength)),
      retry: false,
    })),
  });
  const fits = new Map(asked.map((row, index) => [row.name, answers[index]?.data ?? null]));
  return rows.map((row) =>
    fits.has(row.name) ? { ...row, fit: fits.get(row.name) ?? null } : row,
  );
}

async function askFit(aiModelId: number, contextLength: number): Promise<FitSummaryOut | null> {
  const preview: PreviewOut = await unwrap(
    api.POST("/api/deployments/preview", {
      body: {
        name: "",
        ai_model: aiModelId,
        replicas: 1,
        runtime: "local",
        context_length: contextLength,
        slots: 1,
        kv_type: "f16",
        node_labels: {},
        keep_warm: true,
        force: false,
      },
    }),
  );
  const best = [...preview.nodes].sort((one, other) => other.spare_bytes - one.spare_bytes)[0];
  if (!best) return null;
  return {
    fits: best.fits,
    node: best.node.name,
    sentence: best.sentence,
    spare_bytes: best.spare_bytes,
    context_length: contextLength,
  };
}
