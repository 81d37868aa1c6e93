import { Select } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { CodeBlock, CopyLine } from "@/components/CopyBlock";
import { Segments } from "@/ui/Chips";
import { CopyButton } from "@/ui/CopyButton";
import styles from "./keys.module.css";
import { SETUPS, type SetupName, setup } from "./setups";

interface SetupCardsProps {
  /** Ends in /v1. */
  baseUrl: string;
  apiKey: string;
  /** What the key may ask for; the first is taken until another is chosen. */
  models: readonly string[];
}

/** Ready to paste, for each tool: the real address, key and model. */
export function SetupCards({ baseUrl, apiKey, models }: SetupCardsProps) {
  const t = useTranslations("keyIssue.setup");
  const [tool, setTool] = useState<SetupName>("python");
  const [chosen, setChosen] = useState<string | null>(null);
  const model = chosen ?? models[0] ?? "…";
  return (
    <section className="stack tight" aria-label={t("tool")}>
      <div className={styles.tools}>
        <Segments
          label={t("tool")}
          choices={SETUPS.map((value) => ({ value, label: t(`name.${value}`) }))}
          value={tool}
          onChange={setTool}
        />
      </div>
      <div className="row between wrap">
        <p className={`xs soft ${styles.about}`}>{t(`about.${tool}`)}</p>
        {models.length > 1 && (
          <Select
            aria-label={t("model")}
            data={[...models]}
            value={model}
            allowDeselect={false}
            searchable={models.length > 8}
            w={190}
            onChange={setChosen}
          />
        )}
      </div>
      {setup(tool, { baseUrl, apiKey, model }, t("hello")).map(({ where, code }) => {
        const place = typeof where === "string" ? t(`where.${where}`) : where.file;
        const isLine = where === "url" || where === "key";
        return (
          <div key={code} className={styles.part}>
            <div className="row between xs dim">
              <span className={isLine || where === "terminal" ? undefined : "mono"}>{place}</span>
              {!isLine && <CopyButton text={code} />}
            </div>
            {isLine ? <CopyLine text={code} label={place} /> : <CodeBlock code={code} />}
          </div>
        );
      })}
    </section>
  );
}
