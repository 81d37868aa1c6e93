import { useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import { Meter, type MeterPart } from "@/ui/Meter";

interface FitBarProps {
  /** All in bytes. */
  capacity: number;
  inUse: number;
  weights: number;
  context: number;
  working: number;
}

/** What a replica would take on a node, beside what is taken already. */
export function FitBar({ capacity, inUse, weights, context, working }: FitBarProps) {
  const t = useTranslations("components.fit");
  const format = useFormat();
  const spare = capacity - inUse - weights - context - working;
  const whole = Math.max(capacity, 1);
  const parts: MeterPart[] =
    spare >= 0
      ? [
          { kind: "quiet", share: inUse / whole },
          { kind: "main", share: weights / whole },
          { kind: "second", share: context / whole },
          { kind: "third", share: working / whole },
        ]
      : [
          { kind: "quiet", share: inUse / whole },
          { kind: "too-much", share: 1 - inUse / whole },
        ];
  const label =
    spare >= 0
      ? t("toSpare", { size: format.bytes(spare) })
      : t("tooBig", { size: format.bytes(-spare) });
  return <Meter label={label} parts={parts} height={10} />;
}

export function FitLegend() {
  const t = useTranslations("components.fit");
  return (
    <span className="legend" aria-hidden="true">
      <span>
        <i style={{ background: "var(--quiet-solid)" }} />
        {t("inUse")}
      </span>
      <span>
        <i style={{ background: "var(--heat-3)" }} />
        {t("weights")}
      </span>
      <span>
        <i style={{ background: "var(--heat-2)" }} />
        {t("context")}
      </span>
      <span>
        <i style={{ background: "var(--heat-1)" }} />
        {t("working")}
      </span>
    </span>
  );
}
