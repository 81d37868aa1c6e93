import { useTranslations } from "use-intl";
import { StateBadge } from "@/components/StateBadge";
import { AmountInput } from "./AmountInput";
import styles from "./keys.module.css";
import { contradiction, fromTexts, LIMIT_NAMES, type LimitTexts } from "./limits";

interface LimitFieldsProps {
  texts: LimitTexts;
  onChange: (texts: LimitTexts) => void;
}

export function LimitFields({ texts, onChange }: LimitFieldsProps) {
  const t = useTranslations();
  const limits = fromTexts(texts);
  const wrong = limits && contradiction(limits);
  return (
    <div className="stack tight">
      <div className={styles.limitFields}>
        {LIMIT_NAMES.map((name) => (
          <AmountInput
            key={name}
            label={t(`keyLimits.label.${name}`)}
            placeholder={t("keyLimits.noLimit")}
            value={texts[name]}
            onChange={(text) => onChange({ ...texts, [name]: text })}
          />
        ))}
      </div>
      <span role="status">
        {wrong && <StateBadge bare state="waiting" label={t(`keyIssue.newKey.${wrong}`)} />}
      </span>
    </div>
  );
}
