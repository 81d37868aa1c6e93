/** Rights and transitions as the API says them. */

interface WithActions {
  allowed_actions: readonly { action: string; allowed: boolean; reason?: string | null }[];
}

/** Why an action is impossible now, or null when it is possible. For `disabledReason`. */
export function reasonAgainst(row: WithActions | undefined, action: string): string | null {
  const rule = row?.allowed_actions.find((one) => one.action === action);
  if (!rule || rule.allowed) return null;
  return rule.reason || "·";
}

/** Whether the API offers the action on this row at all and allows it now. */
export function isAllowed(row: WithActions | undefined, action: string): boolean {
  return Boolean(row?.allowed_actions.some((one) => one.action === action && one.allowed));
}
