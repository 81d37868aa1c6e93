import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { KeyOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import styles from "./keys.module.css";
import { boundBy } from "./limits";
import type { Privacy, Scope } from "./newKey";
import { useKeyWords } from "./useKeyWords";

/** What a key may do, as names and values. */
export function KeyFacts({ apiKey, framed }: { apiKey: KeyOut; framed?: boolean }) {
  const t = useTranslations("keys.facts");
  const tNew = useTranslations("keyIssue.newKey");
  const format = useFormat();
  const words = useKeyWords();
  const bound = boundBy(apiKey.limits);
  const facts: [string, ReactNode][] = [
    [t("for"), apiKey.owner],
    [
      t("models"),
      apiKey.models
        ? words.models(apiKey)
        : apiKey.denied_models.length > 0
          ? t("allBut", { models: words.list(apiKey.denied_models) })
          : t("allModels"),
    ],
    [
      t("limits"),
      bound.length === 0
        ? t("noLimits")
        : bound.map(([name, amount]) => (
            <span key={name} className={styles.line}>
              {words.limit(name, amount)}
            </span>
          )),
    ],
    [t("opens"), words.list(apiKey.scopes.map((scope) => tNew(`scope.${scope as Scope}`)))],
    [t("from"), apiKey.networks.length > 0 ? apiKey.networks.join(", ") : t("everywhere")],
    [
      t("output"),
      apiKey.max_output_tokens === null
        ? t("asTheModel")
        : t("tokens", { tokens: format.exact(apiKey.max_output_tokens) }),
    ],
    [t("kept"), tNew(`privacies.${apiKey.privacy as Privacy}`)],
    [t("expires"), apiKey.expires_at ? format.day(apiKey.expires_at) : t("never")],
    [t("made"), format.day(apiKey.created_at)],
  ];
  return (
    <dl className={styles.facts} data-framed={framed || undefined}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
