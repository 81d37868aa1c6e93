/** Addresses and networks as people write them, one a line. Pure. */

export function linesOf(text: string): string[] {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The first line that is neither an address nor a network; null when all are. */
export function wrongLine(text: string): string | null {
  return linesOf(text).find((line) => !isNetwork(line)) ?? null;
}

export function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  if (more.length > 0) return false;
  const widest = isIpv4(address) ? 32 : isIpv6(address) ? 128 : null;
  if (widest === null) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
}

function isIpv4(address: string): boolean {
  const parts = address.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

function isIpv6(address: string): boolean {
  if (!address.includes(":")) return false;
  try {
    return new URL(`http://[${address}]/`).hostname !== "";
  } catch {
    return false;
  }
}
