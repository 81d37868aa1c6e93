import { useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import styles from "./Coals.module.css";
import { heatOf } from "./heat";

interface CoalsProps {
  /** Shares from 0 to 1, one per coal; null where nothing was measured. */
  loads: readonly (number | null)[];
  size?: "sm" | "md";
}

/** Load as heat: one coal per part of the last minute or per core, the hottest first. */
export function Coals({ loads, size = "sm" }: CoalsProps) {
  const t = useTranslations("components.coals");
  const format = useFormat();
  const known = loads.filter((load) => load !== null);
  const mean = known.length > 0 ? known.reduce((sum, load) => sum + load, 0) / known.length : null;
  return (
    <span
      className={styles.coals}
      data-size={size}
      role="img"
      aria-label={mean === null ? t("none") : t("label", { share: format.share(mean) })}
    >
      {loads.map((load, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a coal is nothing but its place
        <i key={index} data-heat={heatOf(load)} />
      ))}
    </span>
  );
}

/** The key to the heat ramp. */
export function CoalsLegend() {
  const t = useTranslations("components.coals");
  return (
    <span className="legend desk">
      <span>{t("cold")}</span>
      <span className={styles.coals} data-size="legend" aria-hidden="true">
        {[0, 1, 2, 3, 4].map((heat) => (
          <i key={heat} data-heat={heat} />
        ))}
      </span>
      <span>{t("busy")}</span>
    </span>
  );
}
