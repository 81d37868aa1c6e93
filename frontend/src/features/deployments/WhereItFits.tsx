import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import type { FitSummaryOut, NodeFitOut, PreviewOut } from "@/api/generated/schema";
import { FitBar, FitLegend } from "@/components/FitBar";
import { ProblemNotice } from "@/components/ProblemNotice";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { CheckIcon } from "@/ui/icons";
import { AfterAMoment, Bone } from "@/ui/Skeleton";
import styles from "./deploy.module.css";
import { nodesQuery } from "./queries";
import { inOrderOfRoom, shares } from "./wanted";

interface WhereItFitsProps {
  preview: PreviewOut | undefined;
  /** What the catalogue knows before anybody has asked for the file. */
  summary: FitSummaryOut | null;
  sizeBytes: number | null;
  isOld: boolean;
  isAsked: boolean;
  error: unknown;
  onSuggestion: (changes: Record<string, unknown>) => void;
}

const MISFITS_SHOWN = 2;

/** A bar per node: what is in use, what the model would take, and what stays. */
export function WhereItFits({
  preview,
  summary,
  sizeBytes,
  isOld,
  isAsked,
  error,
  onSuggestion,
}: WhereItFitsProps) {
  const t = useTranslations("deployments.deploy");
  const capacityOf = useCapacities();
  const [showsAll, setShowsAll] = useState(false);
  const nodes = inOrderOfRoom(preview?.nodes ?? []);
  const fitting = nodes.filter((node) => node.fits);
  const misfits = nodes.filter((node) => !node.fits);
  const shown = showsAll ? nodes : [...fitting, ...misfits.slice(0, MISFITS_SHOWN)];
  const more = nodes.length - shown.length;
  const chosen = new Map<string, number>();
  for (const place of preview?.placements ?? []) {
    chosen.set(place.node.name, (chosen.get(place.node.name) ?? 0) + 1);
  }
  return (
    <section aria-labelledby="where-it-fits" aria-busy={isOld || undefined}>
      <div className={`row between wrap ${styles.heading}`}>
        <h2 id="where-it-fits">{t("whereItFits")}</h2>
        <FitLegend />
      </div>
      <div className={styles.nodes} data-old={isOld || undefined}>
        {error && !preview ? <ProblemNotice error={error} /> : null}
        {isAsked && !preview && !error && (
          <AfterAMoment>
            <div className={styles.fit}>
              <span />
              <Bone width={40} />
              <Bone height={10} />
              <Bone width={90} />
              <Bone width={70} />
            </div>
          </AfterAMoment>
        )}
        {shown.map((fit) => (
          <NodeRow
            key={fit.node.name}
            fit={fit}
            capacity={Math.max(capacityOf(fit.node.name), fit.available_bytes)}
            replicas={chosen.get(fit.node.name) ?? 0}
            onSuggestion={onSuggestion}
          />
        ))}
        {summary && (
          <SummaryRow
            summary={summary}
            sizeBytes={sizeBytes ?? 0}
            capacity={capacityOf(summary.node)}
          />
        )}
        {isAsked && preview && nodes.length === 0 && <p className="sm soft">{preview.sentence}</p>}
        {!isAsked && !summary && <p className="sm soft">{t("fitLater")}</p>}
      </div>
      {more > 0 && (
        <button type="button" className="link xs" onClick={() => setShowsAll(true)}>
          {t("moreMisfits", { count: more })}
        </button>
      )}
    </section>
  );
}

function useCapacities(): (node: string) => number {
  const nodes = useQuery(nodesQuery).data?.items ?? [];
  const byName = new Map(nodes.map((node) => [node.name, node.latest?.memory_total ?? 0]));
  return (node) => byName.get(node) ?? 0;
}

interface RowProps {
  name: string;
  replicas: number;
  bar: ReactNode;
  fits: boolean;
  spareBytes: number;
  below?: ReactNode;
  neededBytes: number;
  measured: boolean;
}

function Row({ name, replicas, bar, fits, spareBytes, below, neededBytes, measured }: RowProps) {
  const t = useTranslations("deployments.deploy");
  const tFit = useTranslations("components.fit");
  const format = useFormat();
  const size = format.bytes(Math.abs(spareBytes));
  return (
    <div className={styles.fit} data-chosen={replicas > 0 || undefined}>
      <span className={styles.tick} data-on={replicas > 0 || undefined}>
        {replicas > 0 && <CheckIcon size={12} strokeWidth={2.4} />}
        <span className="visually-hidden">
          {replicas > 0 ? t("getsReplicas", { count: replicas }) : t("getsNone")}
        </span>
      </span>
      <b className={`medium clip ${styles.node}`}>{name}</b>
      <span className={styles.bar}>{bar}</span>
      <span className={styles.verdict}>
        <StateBadge
          bare
          state={fits ? "ready" : "failed"}
          label={fits ? tFit("toSpare", { size }) : tFit("tooBig", { size })}
        />
        {below && <small>{below}</small>}
      </span>
      <span className={styles.needed}>
        <b className="medium">{t("needs", { size: format.bytes(neededBytes) })}</b>
        <small className="dim">{measured ? tFit("measured") : tFit("estimated")}</small>
      </span>
    </div>
  );
}

interface NodeRowProps {
  fit: NodeFitOut;
  capacity: number;
  replicas: number;
  onSuggestion: (changes: Record<string, unknown>) => void;
}

function NodeRow({ fit, capacity, replicas, onSuggestion }: NodeRowProps) {
  const suggestion = fit.suggestions?.[0];
  return (
    <Row
      name={fit.node.name}
      replicas={replicas}
      fits={fit.fits}
      spareBytes={fit.spare_bytes}
      neededBytes={fit.needed_bytes}
      measured={fit.measured_bytes !== null && fit.measured_bytes !== undefined}
      bar={
        <FitBar
          capacity={capacity}
          inUse={capacity - fit.available_bytes}
          {...shares(fit.parts ?? [])}
        />
      }
      below={
        !fit.fits &&
        suggestion && (
          <button
            type="button"
            className={styles.why}
            onClick={() => onSuggestion(suggestion.changes ?? {})}
          >
            {suggestion.sentence}
          </button>
        )
      }
    />
  );
}

/** Before the file is asked for only the best node's answer is known, from the catalogue. */
function SummaryRow({
  summary,
  sizeBytes,
  capacity,
}: {
  summary: FitSummaryOut;
  sizeBytes: number;
  capacity: number;
}) {
  const whole = Math.max(capacity, sizeBytes + summary.spare_bytes);
  return (
    <Row
      name={summary.node}
      replicas={summary.fits ? 1 : 0}
      fits={summary.fits}
      spareBytes={summary.spare_bytes}
      neededBytes={sizeBytes}
      measured={false}
      below={!summary.fits && <span className="dim">{summary.sentence}</span>}
      bar={
        <FitBar
          capacity={whole}
          inUse={whole - sizeBytes - summary.spare_bytes}
          weights={sizeBytes}
          context={0}
          working={0}
        />
      }
    />
  );
}
