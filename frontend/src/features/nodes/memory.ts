/** What a machine has for models and how much of it is taken. Bytes. */

interface Sample {
  memory_total: number;
  memory_available: number;
  gpus: readonly { memory_total?: number | null; memory_free?: number | null }[];
}

export interface Memory {
  used: number;
  total: number;
}

export function mainMemory(sample: Sample): Memory {
  return { used: sample.memory_total - sample.memory_available, total: sample.memory_total };
}

/** The memory of all cards together, or null without a card that tells. */
export function cardMemory(sample: Sample): Memory | null {
  const telling = sample.gpus.flatMap((gpu) =>
    gpu.memory_total ? [{ total: gpu.memory_total, free: gpu.memory_free ?? 0 }] : [],
  );
  if (telling.length === 0) return null;
  const total = telling.reduce((sum, gpu) => sum + gpu.total, 0);
  const free = telling.reduce((sum, gpu) => sum + gpu.free, 0);
  return { used: total - free, total };
}

/** Graphics memory where there is a card, otherwise main memory. */
export function modelMemory(sample: Sample): Memory {
  return cardMemory(sample) ?? mainMemory(sample);
}

export function shareOf({ used, total }: Memory): number {
  return total > 0 ? used / total : 0;
}
