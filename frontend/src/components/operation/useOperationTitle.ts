import { useTranslations } from "use-intl";

interface Named {
  kind: string;
  subject_name: string;
}

const NOUN = /_(?:node|ai_model|model|deployment|replica|upstream)$/;

/** What an operation does, in the reader's words: "Deploy qwen3-8b". */
export function useOperationTitle(): (operation: Named) => string {
  const t = useTranslations("operation.kind");
  return ({ kind, subject_name: name }) => {
    const key = kind.replace(".", "_") as Parameters<typeof t>[0];
    if (t.has(key)) return t(key, { name });
    const verb = (kind.split(".").at(-1) ?? kind).replace(NOUN, "").replaceAll("_", " ");
    return `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${name}`;
  };
}
