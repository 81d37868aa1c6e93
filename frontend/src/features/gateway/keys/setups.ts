/** How each tool is told about this gateway: what to paste, and where. Pure. */
import { snippet } from "@/components/Snippets";

export const SETUPS = [
  "curl",
  "python",
  "javascript",
  "anthropic",
  "openWebUi",
  "continue",
  "aider",
  "claudeCode",
  "env",
] as const;
export type SetupName = (typeof SETUPS)[number];

interface SetupFor {
  /** Ends in /v1. */
  baseUrl: string;
  apiKey: string;
  model: string;
}

/** One thing to paste. `where` is a file's name, or a word for a place that has none. */
interface Part {
  where: "terminal" | "python" | "javascript" | "url" | "key" | { file: string };
  code: string;
}

export function setup(name: SetupName, target: SetupFor, hello = "Hello"): Part[] {
  const { baseUrl, apiKey, model } = target;
  switch (name) {
    case "curl":
      return [{ where: "terminal", code: snippet("curl", target, hello) }];
    case "python":
      return [
        { where: "terminal", code: "pip install openai" },
        { where: "python", code: snippet("python", target, hello) },
      ];
    case "javascript":
      return [
        { where: "terminal", code: "npm install openai" },
        { where: "javascript", code: snippet("javascript", target, hello) },
      ];
    case "anthropic":
      return [
        { where: "terminal", code: "pip install anthropic" },
        { where: "python", code: anthropicPython(target, hello) },
      ];
    case "openWebUi":
      return [
        { where: "url", code: baseUrl },
        { where: "key", code: apiKey },
        { where: "terminal", code: openWebUiContainer(target) },
      ];
    case "continue":
      return [{ where: { file: "~/.continue/config.yaml" }, code: continueConfig(target) }];
    case "aider":
      return [
        {
          where: "terminal",
          code: `export OPENAI_API_BASE="${baseUrl}"
export OPENAI_API_KEY="${apiKey}"
aider --model "openai/${model}"`,
        },
      ];
    case "claudeCode":
      return [{ where: "terminal", code: claudeCode(target) }];
    case "env":
      return [{ where: { file: ".env" }, code: snippet("env", target) }];
  }
}

/** Anthropic's clients add /v1 themselves. */
export function withoutVersion(baseUrl: string): string {
  return baseUrl.replace(/\/v1\/?$/, "");
}

function anthropicPython({ baseUrl, apiKey, model }: SetupFor, hello: string): string {
  return `from anthropic import Anthropic

client = Anthropic(
    base_url="${withoutVersion(baseUrl)}",
    api_key="${apiKey}",
)
message = client.messages.create(
    model="${model}",
    max_tokens=1024,
    messages=[{"role": "user", "content": "${hello}"}],
)
print(message.content[0].text)`;
}

/** Inside a container, localhost is the container. */
export function seenFromContainer(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) {
    url.hostname = "host.docker.internal";
  }
  return url.toString();
}

function openWebUiContainer({ baseUrl, apiKey }: SetupFor): string {
  return `docker run -d --name open-webui -p 3000:8080 \\
  --add-host=host.docker.internal:host-gateway \\
  -e OPENAI_API_BASE_URL="${seenFromContainer(baseUrl)}" \\
  -e OPENAI_API_KEY="${apiKey}" \\
  -v open-webui:/app/backend/data \\
  ghcr.io/open-webui/open-webui:main`;
}

/** The names are quoted: a model called `4b` or `on` would else not be text in YAML. */
function continueConfig({ baseUrl, apiKey, model }: SetupFor): string {
  return `name: Hearth
version: 1.0.0
schema: v1
models:
  - name: ${JSON.stringify(model)}
    provider: openai
    model: ${JSON.stringify(model)}
    apiBase: ${JSON.stringify(baseUrl)}
    apiKey: ${JSON.stringify(apiKey)}
    roles: [chat, edit, apply]`;
}

/** Its small background requests ask for another model unless they are told this one too. */
function claudeCode({ baseUrl, apiKey, model }: SetupFor): string {
  return `unset ANTHROPIC_API_KEY
export ANTHROPIC_BASE_URL="${withoutVersion(baseUrl)}"
export ANTHROPIC_AUTH_TOKEN="${apiKey}"
export ANTHROPIC_MODEL="${model}"
export ANTHROPIC_DEFAULT_HAIKU_MODEL="${model}"
claude`;
}
