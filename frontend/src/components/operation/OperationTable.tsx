import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { OperationOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { type Column, DataTable, NameCell, TwoLines } from "@/ui/DataTable";
import { Meter } from "@/ui/Meter";
import styles from "./OperationTable.module.css";
import { useOperationTitle } from "./useOperationTitle";

interface OperationTableProps {
  operations: readonly OperationOut[];
  /** The moment up to which what still runs is counted. */
  now: number;
  footer?: ReactNode;
}

/** Long work, newest first: what it is, how far or how it ended, who asked and how long it took. */
export function OperationTable({ operations, now, footer }: OperationTableProps) {
  const t = useTranslations("operation");
  const format = useFormat();
  const titleOf = useOperationTitle();

  const columns: Column<OperationOut>[] = [
    {
      key: "operation",
      head: t("table.operation"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/operations/$operationId"
          params={{ operationId: row.id }}
          name={titleOf(row)}
          note={<SubjectNote operation={row} />}
        />
      ),
    },
    {
      key: "state",
      head: t("table.state"),
      phone: "state",
      cell: (row) => <StateCell operation={row} />,
    },
    {
      key: "by",
      head: t("table.by"),
      cell: (row) => <span className="soft">{row.requested_by || t("table.hearth")}</span>,
    },
    {
      key: "took",
      head: t("table.took"),
      align: "right",
      phone: "number",
      cell: (row) => <span className="soft">{format.duration(durationOf(row, now))}</span>,
    },
    {
      key: "started",
      head: t("table.started"),
      align: "right",
      cell: (row) => (
        <time className="dim" dateTime={row.created_at} title={row.created_at}>
          {format.relative(row.created_at)}
        </time>
      ),
    },
  ];

  return (
    <DataTable
      label={t("table.label")}
      columns={columns}
      rows={operations}
      rowKey={(row) => row.id}
      footer={footer}
    />
  );
}

function SubjectNote({ operation }: { operation: OperationOut }) {
  const t = useTranslations("operation");
  const type = operation.subject_type as Parameters<typeof t>[0];
  const word = t.has(`subject.${type}` as typeof type)
    ? t(`subject.${type}` as "subject.node")
    : operation.subject_type;
  const attempt =
    operation.attempt > 1 ? t("table.attempt", { number: String(operation.attempt) }) : "";
  return [word, attempt].filter(Boolean).join(" · ");
}

function StateCell({ operation }: { operation: OperationOut }) {
  const t = useTranslations("operation.table");
  const format = useFormat();
  const isEnding = isCancelling(operation);
  const badge = <StateBadge bare state={isEnding ? "cancelling" : operation.state} />;
  if (operation.state === "running" && operation.progress !== null && !isEnding) {
    const share = format.share(operation.progress);
    return (
      <TwoLines
        note={
          <span className={styles.progress}>
            <Meter label={share} share={operation.progress} height={4} />
            <span className="desk">{operation.progress_text || share}</span>
          </span>
        }
      >
        {badge}
      </TwoLines>
    );
  }
  const note =
    operation.state === "queued"
      ? t("waiting")
      : operation.state === "failed"
        ? operation.error || operation.state_reason
        : "";
  return (
    <TwoLines note={note && <span className={`${styles.note} desk`}>{note}</span>}>
      {badge}
    </TwoLines>
  );
}

/** A running operation that was asked to stop is cancelled once its work has stopped. */
export function isCancelling(operation: OperationOut) {
  return operation.state === "running" && Boolean(operation.cancel_requested_at);
}

/** Milliseconds from the first worker to the end, or up to now; null before a worker took it. */
function durationOf(operation: OperationOut, now: number): number | null {
  if (!operation.started_at) return null;
  const end = operation.finished_at ? Date.parse(operation.finished_at) : now;
  return Math.max(0, end - Date.parse(operation.started_at));
}
