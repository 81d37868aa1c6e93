import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { AuditEntryOut } from "@/api/generated/schema";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { type Column, DataTable, TwoLines } from "@/ui/DataTable";
import type { Tone } from "@/ui/Mark";
import { RESULTS } from "./data";
import { subjectName } from "./entries";
import { useActionWords } from "./useActionWords";

const TONES: Record<string, Tone> = { done: "good", refused: "attention", failed: "bad" };

const WAYS = ["token", "key"] as const;

const PAGES: Record<string, string> = {
  node: "/nodes/$name",
  ai_model: "/models/$name",
  deployment: "/deployments/$name",
  route: "/routes/$name",
};

/** Who did what on which row, newest first. */
export function AuditTable({
  entries,
  footer,
}: {
  entries: readonly AuditEntryOut[];
  footer: ReactNode;
}) {
  const t = useTranslations("audit");
  const format = useFormat();
  const words = useActionWords();
  const columns: Column<AuditEntryOut>[] = [
    {
      key: "what",
      head: t("table.what"),
      phone: "name",
      cell: (row) => <TwoLines note={row.action}>{<b>{words(row.action)}</b>}</TwoLines>,
    },
    { key: "on", head: t("table.on"), cell: (row) => <On entry={row} /> },
    {
      key: "who",
      head: t("table.who"),
      cell: (row) => (
        <TwoLines note={t(`via.${WAYS.find((way) => way === row.via) ?? "session"}`)}>
          {row.actor_name || <span className="dim">{t("table.nobody")}</span>}
        </TwoLines>
      ),
    },
    {
      key: "result",
      head: t("table.result"),
      phone: "state",
      cell: (row) => <ResultBadge result={row.result} />,
    },
    {
      key: "from",
      head: t("table.from"),
      cell: (row) => <span className="mono xs soft">{row.address || "·"}</span>,
    },
    {
      key: "when",
      head: t("table.when"),
      align: "right",
      phone: "number",
      cell: (row) => (
        <time className="dim" dateTime={row.at} title={row.at}>
          {format.relative(row.at)}
        </time>
      ),
    },
  ];
  return (
    <DataTable
      label={t("table.label")}
      columns={columns}
      rows={entries}
      rowKey={(row) => row.id}
      footer={footer}
    />
  );
}

function ResultBadge({ result }: { result: string }) {
  const t = useTranslations("audit.result");
  const known = RESULTS.find((one) => one === result);
  return (
    <StateBadge
      bare
      state={result}
      tone={TONES[result] ?? "quiet"}
      label={known ? t(known) : result}
    />
  );
}

function On({ entry }: { entry: AuditEntryOut }) {
  const t = useTranslations("audit");
  const key = `subject.${entry.subject}` as "subject.node";
  const name = subjectName(entry);
  if (!t.has(key) || !name) return <span className="dim">·</span>;
  const page = PAGES[entry.subject];
  return (
    <TwoLines note={t(key)}>
      {page && entry.subject_name ? (
        <Link to={page} params={{ name } as never} search={{} as never}>
          {name}
        </Link>
      ) : (
        name
      )}
    </TwoLines>
  );
}
