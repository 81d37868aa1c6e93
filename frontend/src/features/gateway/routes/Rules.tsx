import { Radio, TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { AFFINITIES, type Affinity, type RouteDraft, readTokens } from "./draft";
import styles from "./routes.module.css";

interface RulesProps {
  draft: RouteDraft;
  onChange: (change: Partial<RouteDraft>) => void;
  disabled: boolean;
}

/** Who stays together, and how long an answer may be. */
export function Rules({ draft, onChange, disabled }: RulesProps) {
  const t = useTranslations("routes.rules");
  const tProblem = useTranslations("routes.problem");
  return (
    <div className="stack">
      <Radio.Group
        label={t("affinity")}
        value={draft.affinity}
        onChange={(affinity) => onChange({ affinity: affinity as Affinity })}
      >
        <div className={styles.choices}>
          {AFFINITIES.map((value) => (
            <Radio
              key={value}
              value={value}
              label={t(`affinities.${value}`)}
              description={t(`about.${value}`)}
              disabled={disabled}
            />
          ))}
        </div>
      </Radio.Group>
      <TextInput
        inputMode="numeric"
        label={t("maxOutput")}
        description={t("maxOutputHint")}
        placeholder={t("noLimit")}
        value={draft.maxOutput}
        disabled={disabled}
        error={readTokens(draft.maxOutput) === undefined ? tProblem("maxOutput") : undefined}
        onChange={(event) => onChange({ maxOutput: event.currentTarget.value })}
      />
    </div>
  );
}
