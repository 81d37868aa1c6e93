import { useState } from "react";
import { useTranslations } from "use-intl";
import { Segments } from "@/ui/Chips";
import { CopyButton } from "@/ui/CopyButton";
import { CodeBlock } from "./CopyBlock";

interface SnippetFor {
  /** Ends in /v1. */
  baseUrl: string;
  apiKey: string;
  model: string;
}

type SnippetLanguage = "python" | "javascript" | "curl" | "env";

export function snippet(
  language: SnippetLanguage,
  { baseUrl, apiKey, model }: SnippetFor,
  hello = "Hello",
): string {
  switch (language) {
    case "python":
      return `from openai import OpenAI

client = OpenAI(
    base_url="${baseUrl}",
    api_key="${apiKey}",
)
reply = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "${hello}"}],
)
print(reply.choices[0].message.content)`;
    case "javascript":
      return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${baseUrl}",
  apiKey: "${apiKey}",
});
const reply = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "${hello}" }],
});
console.log(reply.choices[0].message.content);`;
    case "curl":
      return `curl ${baseUrl}/chat/completions \\
  -H "Authorization: Bearer ${apiKey}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "${model}",
    "messages": [{"role": "user", "content": "${hello}"}]
  }'`;
    case "env":
      return `OPENAI_BASE_URL="${baseUrl}"\nOPENAI_API_KEY="${apiKey}"`;
  }
}

const LANGUAGES: readonly SnippetLanguage[] = ["python", "javascript", "curl", "env"];

/** Ready to paste: the real address, model and (where it may be shown) key. */
export function Snippets(props: SnippetFor) {
  const t = useTranslations("components.snippets");
  const [language, setLanguage] = useState<SnippetLanguage>("python");
  const code = snippet(language, props, t("hello"));
  return (
    <div className="stack tight">
      <div className="row between">
        <Segments
          label={t("language")}
          choices={LANGUAGES.map((value) => ({ value, label: t(value) }))}
          value={language}
          onChange={setLanguage}
        />
        <CopyButton text={code} />
      </div>
      <CodeBlock code={code} />
    </div>
  );
}
