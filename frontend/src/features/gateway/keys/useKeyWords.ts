import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import { boundBy, type LimitName, type Limits } from "./limits";
import type { Privacy, Scope } from "./newKey";

/** What a key may do, however it is stored or still being typed. */
export interface KeyRights {
  owner: string;
  models: readonly string[] | null;
  denied_models: readonly string[];
  limits: Limits;
  scopes: readonly string[];
  networks: readonly string[];
  privacy: string;
  max_output_tokens: number | null;
  expires_at: string | Date | null;
}

/** Says limits and rights as a person would. */
export function useKeyWords() {
  const t = useTranslations();
  const format = useFormat();
  const language = useLocale();
  return useMemo(() => {
    const list = new Intl.ListFormat(language, { type: "conjunction" });
    const limit = (name: LimitName, amount: number) =>
      t(`keyLimits.words.${name}`, { amount: format.amount(amount) });
    const limits = (bound: Limits) =>
      list.format(boundBy(bound).map(([name, amount]) => limit(name, amount)));
    const models = ({
      models: allowed,
      denied_models: denied,
    }: Pick<KeyRights, "models" | "denied_models">) => {
      if (allowed) {
        return allowed.length === 0 ? t("keyIssue.summary.nothingYet") : list.format(allowed);
      }
      return denied.length === 0
        ? t("keyIssue.summary.everyModel")
        : t("keyIssue.summary.allBut", { models: list.format(denied) });
    };

    /** The whole key in a few sentences, the ones that go without saying left out. */
    function summary(key: KeyRights): string {
      const words = limits(key.limits);
      const has = (scope: Scope) => key.scopes.includes(scope);
      return [
        has("infer")
          ? t("keyIssue.summary.may", {
              owner: key.owner,
              models: models(key),
              limits: words
                ? t("keyIssue.summary.atMost", { limits: words })
                : t("keyIssue.summary.unlimited"),
            })
          : t("keyIssue.summary.notInfer"),
        has("metrics") && t("keyIssue.summary.alsoMetrics"),
        has("manage") && t("keyIssue.summary.alsoManage", { owner: key.owner }),
        key.networks.length > 0 &&
          t("keyIssue.summary.from", { networks: list.format(key.networks) }),
        key.max_output_tokens !== null &&
          t("keyIssue.summary.output", { tokens: format.exact(key.max_output_tokens) }),
        key.expires_at
          ? t("keyIssue.summary.until", { day: format.day(key.expires_at) })
          : t("keyIssue.summary.forever"),
        has("infer") && t(`keyIssue.summary.privacy.${key.privacy as Privacy}`),
      ]
        .filter(Boolean)
        .join(" ");
    }

    return {
      limit,
      limits,
      models,
      summary,
      list: (words: readonly string[]) => list.format(words),
    };
  }, [t, format, language]);
}
