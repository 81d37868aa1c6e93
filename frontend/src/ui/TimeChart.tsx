import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import styles from "./TimeChart.module.css";

export interface Series {
  name: string;
  /** One per time; null where nothing is known. */
  values: readonly (number | null)[];
}

export interface TimeChartProps {
  /** What is shown, for those who do not see it. */
  label: string;
  /** Unix seconds, ascending. */
  times: readonly number[];
  series: readonly Series[];
  /** `area` and `bars` stack their series, `line` does not. Bars are for sums of equal steps. */
  kind?: "area" | "bars" | "line";
  height?: number;
  format: (value: number) => string;
  formatTime: (unixSeconds: number) => string;
  /** The least the axis reaches to, so that small noise does not look like a storm. */
  atLeast?: number;
  /** Where the axis ends when that is known, as with shares: then it is halved, not thirded. */
  top?: number;
}

const Plot = lazy(() => import("./Plot"));

/** Colours of charts, in order; they differ in lightness too. */
export const SERIES_COLOURS = [
  "var(--series-1)",
  "var(--series-2)",
  "var(--series-3)",
  "var(--series-4)",
  "var(--series-5)",
  "var(--series-rest)",
] as const;

export function seriesColour(index: number): string {
  return SERIES_COLOURS[Math.min(index, SERIES_COLOURS.length - 1)] ?? "var(--series-rest)";
}

/** Values over time. The picture loads on its own; the same numbers are there as a table. */
export function TimeChart(props: TimeChartProps) {
  const t = useTranslations("ui");
  const height = props.height ?? 252;
  return (
    <figure className={styles.chart}>
      <div style={{ height }} aria-hidden="true">
        <Suspense>
          <Plot {...props} height={height} />
        </Suspense>
      </div>
      <table className="visually-hidden">
        <caption>{props.label}</caption>
        <thead>
          <tr>
            <th scope="col">{t("time")}</th>
            {props.series.map((one) => (
              <th key={one.name} scope="col">
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.times.map((time, index) => (
            <tr key={time}>
              <th scope="row">{props.formatTime(time)}</th>
              {props.series.map((one) => {
                const value = one.values[index];
                return (
                  <td key={one.name}>
                    {value === null || value === undefined ? t("notKnown") : props.format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

export function ChartLegend({ names }: { names: readonly string[] }) {
  return (
    <span className="legend desk" aria-hidden="true">
      {names.map((name, index) => (
        <span key={name}>
          <i style={{ background: seriesColour(index) }} />
          {name}
        </span>
      ))}
    </span>
  );
}
