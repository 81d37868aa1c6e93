/** Which machines are shown: a machine asleep is ready, but one looks for it as asleep. */

interface NodeLike {
  name: string;
  address: string;
  state: string;
  power: string;
  hardware: string;
  labels: Record<string, string>;
}

export function shownState(node: Pick<NodeLike, "state" | "power">): string {
  return node.state === "ready" && node.power === "asleep" ? "asleep" : node.state;
}

/** Each state that occurs with how often, the most frequent first. */
export function countStates(
  nodes: readonly Pick<NodeLike, "state" | "power">[],
): { state: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const state = shownState(node);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts]
    .map(([state, count]) => ({ state, count }))
    .sort((one, other) => other.count - one.count || one.state.localeCompare(other.state));
}

/** Whether name, address, hardware and labels together hold every word. */
export function matchesNode(node: NodeLike, words: string): boolean {
  const labels = Object.entries(node.labels).map(([key, value]) => `${key}:${value}`);
  const text = [node.name, node.address, node.hardware, ...labels].join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
