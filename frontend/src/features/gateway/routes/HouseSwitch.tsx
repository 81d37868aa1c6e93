import { Switch } from "@mantine/core";
import { useLocale, useTranslations } from "use-intl";
import styles from "./routes.module.css";

interface HouseSwitchProps {
  may: boolean;
  /** The upstreams outside that it would lead to. */
  out: readonly string[];
  onChange: (may: boolean) => void;
  disabled?: boolean;
}

/** Whether requests may leave the house, and what that means here. */
export function HouseSwitch({ may, out, onChange, disabled }: HouseSwitchProps) {
  const t = useTranslations("routes.house");
  const names = new Intl.ListFormat(useLocale(), { type: "conjunction" }).format(out);
  const isNeeded = out.length > 0 && !may;
  return (
    <div className={styles.house} data-leaves={may || isNeeded || undefined}>
      <Switch
        label={t("label")}
        checked={may}
        disabled={disabled ?? false}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <p className={isNeeded ? "xs bad-ink" : "xs soft"} role={isNeeded ? "alert" : undefined}>
        {isNeeded
          ? t("needed", { out: names })
          : may
            ? out.length > 0
              ? t("leaves", { out: names })
              : t("nobodyYet")
            : t("stays")}
      </p>
    </div>
  );
}
