import { useMutation } from "@tanstack/react-query";
import { useLocale, useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import { useThemeChoice } from "@/components/useThemeChoice";
import { chooseLanguage, LANGUAGES } from "@/i18n/i18n";
import type { Language } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import styles from "./settings.module.css";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

/** Theme and language: kept in this browser, and with the person for the next one. */
export function LookCard() {
  const t = useTranslations("settings.profile");
  const language = useLocale();
  const { chosen, choose } = useThemeChoice();
  const remember = useMutation({
    mutationFn: (change: { theme?: Theme; language?: Language }) =>
      unwrap(api.PATCH("/api/profile", { body: change })),
  });

  function pickTheme(theme: Theme) {
    choose(theme);
    remember.mutate({ theme });
  }

  function pickLanguage(next: Language) {
    remember.mutate({ language: next }, { onSettled: () => chooseLanguage(next) });
  }

  return (
    <Card title={t("look")}>
      <div className="stack">
        <div className={styles.pick}>
          <span className="sm">{t("theme")}</span>
          <Segments
            label={t("theme")}
            choices={THEMES.map((value) => ({ value, label: t(`themes.${value}`) }))}
            value={chosen}
            onChange={pickTheme}
          />
        </div>
        <div className={styles.pick}>
          <span className="sm">{t("language")}</span>
          <Segments
            label={t("language")}
            choices={LANGUAGES}
            value={language}
            onChange={pickLanguage}
          />
        </div>
      </div>
    </Card>
  );
}
