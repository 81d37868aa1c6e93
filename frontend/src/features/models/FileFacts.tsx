import { useTranslations } from "use-intl";
import type { AiModelDetailOut } from "@/api/generated/schema";
import { CodeBlock } from "@/components/CopyBlock";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import styles from "./models.module.css";

/** What the header of the file says, and what is known of the file itself. */
export function FileFacts({ aiModel }: { aiModel: AiModelDetailOut }) {
  const t = useTranslations("models.page");
  const format = useFormat();
  const facts = aiModel.facts;
  const template = facts.chat_template ?? "";
  const rows: [string, React.ReactNode][] = [
    [t("architecture"), facts.architecture || aiModel.architecture],
    [t("parameters"), format.parameters(facts.parameter_count || aiModel.parameter_count)],
    [t("contextLength"), format.exact(facts.context_length ?? aiModel.context_length)],
    [t("layers"), layers()],
    [t("experts"), facts.experts ? experts(facts.experts, facts.experts_used) : ""],
    [t("vocabulary"), facts.vocabulary ? format.exact(facts.vocabulary) : ""],
    [t("chatTemplate"), aiModel.has_chat_template ? t("has") : t("hasNot")],
    [t("source"), source()],
    [t("verifiedAt"), aiModel.verified_at ? format.relative(aiModel.verified_at) : ""],
    [
      t("sha256"),
      aiModel.sha256 && (
        <span className="row end">
          <span className="mono xs clip" title={aiModel.sha256}>
            {aiModel.sha256.slice(0, 16)}…
          </span>
          <CopyButton iconOnly text={aiModel.sha256} label={t("sha256")} />
        </span>
      ),
    ],
  ];
  return (
    <Card
      title={t("details")}
      note={[aiModel.quantisation, format.bytes(aiModel.size_bytes)].filter(Boolean).join(" · ")}
    >
      <dl className="kv">
        {rows
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <div key={label} style={{ display: "contents" }}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {template && (
        <details style={{ marginTop: 12 }}>
          <summary className="link sm">{t("showTemplate")}</summary>
          <div className={styles.template}>
            <CodeBlock code={template} />
          </div>
        </details>
      )}
    </Card>
  );

  function layers(): string {
    if (!facts.layers) return "";
    const all = String(facts.layers);
    const attention = facts.attention_layers;
    if (!attention || attention === facts.layers) return all;
    return `${all}, ${t("attentionLayers", { count: String(attention) })}`;
  }

  function experts(all: number, used: number | null | undefined): string {
    return used ? t("expertsUsed", { used: String(used), all: String(all) }) : String(all);
  }

  function source(): string {
    const { path, url, upload } = aiModel.source as Record<string, string | undefined>;
    return path ?? url ?? upload ?? aiModel.catalogue_name;
  }
}
