import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { seriesColour, type TimeChartProps } from "./TimeChart";
import styles from "./TimeChart.module.css";

const HOUR_SECONDS = 3600;
const LABELS = 5;
const barsOf = uPlot.paths.bars;

interface Pointed {
  index: number;
  left: number;
}

/** Draws with uPlot on a canvas; the colours are read from the tokens at the time of drawing. */
export default function Plot({
  times,
  series,
  kind = "area",
  height = 252,
  format,
  formatTime,
  atLeast = 0,
  top: knownTop,
}: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const theme = useThemeName();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const stacked = kind === "line" ? null : stack(series.map((one) => one.values));
    const step = (times[1] ?? 0) - (times[0] ?? 0) || HOUR_SECONDS;
    const values = stacked ?? series.map((one) => [...one.values]);
    const top = Math.max(atLeast, ...values.flat().map((value) => value ?? 0));
    const font = `10.5px ${style.getPropertyValue("--font-text")}`;
    const axis = {
      stroke: colour("--ink-3"),
      font,
      ticks: { show: false },
    };
    // The topmost area is drawn first, so that the ones below cover what is theirs.
    const order = series.map((_, index) => index).reverse();
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { points: { show: false }, y: false, drag: { x: false, y: false } },
        scales: {
          x: {
            time: true,
            // Room for the first and the last bar, which stand on the ends.
            ...(kind === "bars"
              ? { range: (_, from, to) => [from - step / 2, to + step / 2] as [number, number] }
              : {}),
          },
          y: { range: [0, knownTop ?? niceTop(top)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 22,
            gap: 6,
            splits: (_, __, from, to) => (kind === "bars" ? some(times) : quarters(from, to)),
            values: (_, splits) => splits.map(formatTime),
          },
          {
            ...axis,
            size: knownTop ? 42 : 34,
            gap: 6,
            grid: { stroke: colour("--line"), width: 1 },
            splits: (_, __, ___, max) =>
              knownTop ? [0, max / 2, max] : [0, 1, 2, 3].map((part) => (part * max) / 3),
            values: (_, splits) => splits.map(format),
          },
        ],
        series: [
          {},
          ...order.map((index) => ({
            stroke: kind === "line" ? resolve(style, seriesColour(index)) : "transparent",
            width: kind === "line" ? 1.8 : 0,
            points: { show: false },
            ...(kind === "line" ? {} : { fill: resolve(style, seriesColour(index)) }),
            ...(barsOf && kind === "bars" ? { paths: barsOf({ size: [0.78, 44] }) } : {}),
          })),
        ],
        hooks: {
          setCursor: [
            (self) => {
              const index = self.cursor.idx;
              const left = self.cursor.left ?? -1;
              setPointed(
                index === null || index === undefined || left < 0 ? null : { index, left },
              );
            },
          ],
        },
      },
      [[...times], ...order.map((index) => values[index] ?? [])] as uPlot.AlignedData,
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series, kind, height, theme, atLeast, knownTop, format, formatTime]);

  return (
    <div ref={host}>
      {pointed && (
        <div
          className={styles.tip}
          style={{
            left: pointed.left + 46,
            transform: pointed.left > 200 ? "translateX(-110%)" : "",
          }}
        >
          {formatTime(times[pointed.index] ?? 0)}
          {series.map((one, index) => {
            const value = one.values[pointed.index];
            return (
              <div key={one.name}>
                <i style={{ background: seriesColour(index) }} />
                {one.name}: {value === null || value === undefined ? "·" : format(value)}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

/** Each series on top of the ones before it. */
function stack(rows: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const below: number[] = [];
  return rows.map((row) =>
    row.map((value, index) => {
      below[index] = (below[index] ?? 0) + (value ?? 0);
      return below[index];
    }),
  );
}

/** The beginning, the end and three between them. */
function quarters(from: number, to: number): number[] {
  return [0, 1, 2, 3, 4].map((part) => from + (part * (to - from)) / 4);
}

/** At most five of the steps, the first one among them, equally far apart. */
function some(times: readonly number[]): number[] {
  const every = Math.max(1, Math.ceil(times.length / LABELS));
  return times.filter((_, index) => index % every === 0);
}

/** The next round number that three equal steps divide well. */
function niceTop(top: number): number {
  if (top <= 0) return 3;
  const step = top / 3;
  const size = 10 ** Math.floor(Math.log10(step));
  const nice = [1, 2, 2.5, 5, 10].find((factor) => factor * size >= step) ?? 10;
  return nice * size * 3;
}

function resolve(style: CSSStyleDeclaration, token: string): string {
  const name = /var\((--[\w-]+)\)/.exec(token)?.[1];
  return name ? style.getPropertyValue(name).trim() : token;
}

function useThemeName(): string {
  const [name, setName] = useState(() => document.documentElement.dataset.theme ?? "");
  useEffect(() => {
    const observer = new MutationObserver(() =>
      setName(document.documentElement.dataset.theme ?? ""),
    );
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, []);
  return name;
}
