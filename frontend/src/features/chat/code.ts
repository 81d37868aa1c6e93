/** The same chat in three languages. Pure. */

export type CodeLanguage = "python" | "javascript" | "curl";

export function chatAsCode(
  language: CodeLanguage,
  baseUrl: string,
  body: Record<string, unknown>,
): string {
  const json = JSON.stringify(body, null, 2);
  switch (language) {
    case "python":
      return `from openai import OpenAI

client = OpenAI(base_url="${baseUrl}")
stream = client.chat.completions.create(
    stream=True,
${pythonArguments(body)}
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)`;
    case "javascript":
      return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${baseUrl}" });
const stream = await client.chat.completions.create({
  stream: true,
  ...${json.replace(/\n/g, "\n  ")},
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`;
    case "curl":
      return `curl -N ${baseUrl}/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify({ ...body, stream: true }, null, 2).replace(/'/g, "'\\''")}'`;
  }
}

function pythonArguments(body: Record<string, unknown>): string {
  return Object.entries(body)
    .map(
      ([name, value]) => `    ${name}=${JSON.stringify(value, null, 4).replace(/\n/g, "\n    ")},`,
    )
    .join("\n");
}
