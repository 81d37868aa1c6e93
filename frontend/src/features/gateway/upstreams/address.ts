/** Addresses of other servers. */

const PRIVATE = [
  /^localhost$/,
  /^127\./,
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^\[?(::1|f[cd][0-9a-f]{2}:|fe80:)/i,
  /\.(local|lan|home|internal|intranet|localhost|home\.arpa)$/i,
];

/** Whether prompts sent there leave the house: anything that is not a private address or name. */
export function leavesTheHouse(address: string): boolean {
  try {
    const { hostname } = new URL(address);
    if (!hostname.includes(".") && !hostname.includes(":")) return false;
    return !PRIVATE.some((pattern) => pattern.test(hostname));
  } catch {
    return true;
  }
}

export function isAddress(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text.trim()).protocol);
  } catch {
    return false;
  }
}
