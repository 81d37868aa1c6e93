import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";

const NOISE = /\((?:R|TM|C)\)|\bCPU\b|\bProcessor\b|\b\d+-Core\b|@.*$/g;
const FEATURES_SHOWN = ["avx512", "avx2", "avx", "sse4"];

/** "Intel(R) Core(TM) i7-6700 CPU @ 3.40GHz" without what nobody reads. */
export function shortProcessor(model: string): string {
  return model.replace(NOISE, " ").replace(/\s+/g, " ").trim();
}

/** The widest instructions a processor has, which decide how fast models run on it. */
export function widestInstructions(features: readonly string[]): string {
  const known = features.map((feature) => feature.toLowerCase().replace(/[-_. ]/g, ""));
  const widest = FEATURES_SHOWN.find((name) => known.some((feature) => feature.startsWith(name)));
  return widest ? widest.toUpperCase().replace("AVX512", "AVX-512") : "";
}

/** One line for a list: processor, and the card or what matters without one. */
export function useHardwareWords(): (node: NodeOut) => string {
  const t = useTranslations("nodes.node");
  const format = useFormat();
  return ({ facts }) => {
    const cards = facts.gpus.map((gpu) =>
      [
        gpu.name.replace(/^NVIDIA (GeForce )?/, ""),
        gpu.memory_bytes ? `${format.gigabytes(gpu.memory_bytes)} GB` : "",
      ]
        .filter(Boolean)
        .join(" "),
    );
    const { cpu } = facts;
    const sockets = (cpu.sockets ?? 1) > 1 ? `${cpu.sockets} × ` : "";
    const processor = cpu.model ? `${sockets}${shortProcessor(cpu.model)}` : "";
    const without = [
      cpu.threads ? t("threads", { count: String(cpu.threads) }) : "",
      widestInstructions(cpu.features),
    ];
    return [processor, ...(cards.length > 0 ? cards : without)].filter(Boolean).join(" · ");
  };
}
