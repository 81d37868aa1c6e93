const COALS = 6;

/** The step of the heat ramp, 0 (cold ash) to 4 (glowing), for a share from 0 to 1. */
export function heatOf(share: number | null): 0 | 1 | 2 | 3 | 4 {
  if (share === null || share < 0.04) return 0;
  if (share < 0.25) return 1;
  if (share < 0.5) return 2;
  if (share < 0.75) return 3;
  return 4;
}

/** Six coals for one share: as many glow as the load fills, the last one as far as it does. */
export function coalsOf(share: number | null | undefined): (number | null)[] {
  if (share === null || share === undefined) return Array.from({ length: COALS }, () => null);
  const filled = Math.min(1, Math.max(0, share)) * COALS;
  return Array.from({ length: COALS }, (_, index) => {
    const part = Math.min(1, Math.max(0, filled - index));
    return part === 0 ? 0 : part * (0.3 + 0.7 * share);
  });
}
