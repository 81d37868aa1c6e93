import { useState } from "react";
import { useTranslations } from "use-intl";
import { CodeBlock } from "@/components/CopyBlock";
import { snippet } from "@/components/Snippets";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { CopyButton } from "@/ui/CopyButton";
import styles from "./deployment.module.css";

type Shown = "curl" | "python" | "javascript";
const SHORT: Record<Shown, string> = { curl: "curl", python: "Python", javascript: "JS" };

/** Ready to paste, with this deployment's name; the key is the reader's own. */
export function UseIt({ baseUrl, model }: { baseUrl: string; model: string }) {
  const t = useTranslations("deployments.use");
  const tSnippets = useTranslations("components.snippets");
  const [language, setLanguage] = useState<Shown>("curl");
  const apiKey = language === "curl" ? "$OPENAI_API_KEY" : "hk_live_…";
  const code = snippet(language, { baseUrl, apiKey, model }, tSnippets("hello"));
  return (
    <Card
      title={t("title")}
      actions={
        <>
          <CopyButton iconOnly text={code} />
          <Segments
            label={tSnippets("language")}
            value={language}
            choices={(Object.keys(SHORT) as Shown[]).map((value) => ({
              value,
              label: SHORT[value],
            }))}
            onChange={setLanguage}
          />
        </>
      }
    >
      <div className={styles.code}>
        <CodeBlock code={code} />
      </div>
    </Card>
  );
}
