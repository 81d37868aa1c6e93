/** Requests to /v1 as any client makes them, with a key that somebody typed or was just given. */

interface OpenAIError {
  error?: { message?: string };
}

async function messageOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as OpenAIError;
    if (body.error?.message) return body.error.message;
  } catch {
    // Not JSON: only the status is left to say.
  }
  return `HTTP ${response.status}`;
}

interface Ask {
  secret: string;
  model: string;
  words: string;
}

/** One short answer. Raises Error with what the gateway said. */
export async function askOnce({ secret, model, words }: Ask): Promise<string> {
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    credentials: "omit",
    headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      model,
      max_tokens: 16,
      messages: [{ role: "user", content: words }],
    }),
  });
  if (!response.ok) throw new Error(await messageOf(response));
  const body = (await response.json()) as { choices?: { message?: { content?: string } }[] };
  return body.choices?.[0]?.message?.content ?? "";
}
