/** Whether the first steps were shown in this browser already. */

const SEEN_AS = "hearth-welcome-seen";

export function hasSeenWelcome(): boolean {
  try {
    return localStorage.getItem(SEEN_AS) !== null;
  } catch {
    return true;
  }
}

export function noteWelcomeSeen(): void {
  try {
    localStorage.setItem(SEEN_AS, "yes");
  } catch {
    // Storage may be closed to us; then they are never shown by themselves.
  }
}
