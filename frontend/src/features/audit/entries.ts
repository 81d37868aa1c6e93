/** Audit entries as text: for the table's search and for export. */
import type { AuditEntryOut } from "@/api/generated/schema";

const KIND_BEFORE_NAME = /^[a-z_]+\.[a-z_]+ /;

const COLUMNS = [
  "id",
  "at",
  "actor_name",
  "via",
  "action",
  "subject",
  "subject_id",
  "subject_name",
  "result",
  "status",
  "address",
  "request_id",
  "hash",
] as const satisfies readonly (keyof AuditEntryOut)[];

/** What the entry is about by name. An operation's name begins with its kind; that is left out. */
export function subjectName(entry: Pick<AuditEntryOut, "subject_name" | "subject_id">): string {
  return entry.subject_name.replace(KIND_BEFORE_NAME, "") || entry.subject_id;
}

/** RFC 4180, with the columns' names as the first line. */
export function toCsv(entries: readonly AuditEntryOut[]): string {
  const lines = entries.map((entry) => COLUMNS.map((column) => quoted(String(entry[column]))));
  return [COLUMNS.join(","), ...lines.map((cells) => cells.join(","))].join("\r\n");
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
