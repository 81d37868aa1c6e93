/** The address any OpenAI client needs: this console's own, with /v1. */
export function endpoint(): string {
  return `${window.location.origin}/v1`;
}
