import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./DataTable.module.css";

export interface Column<Row> {
  key: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  align?: "left" | "right";
  width?: number | string;
  /**
   * Where the cell goes on a phone, where a row is two lines: name and state above, one number
   * below. Columns that name no place are left out there.
   */
  phone?: "name" | "state" | "number" | "action";
  /** The table can be sorted by it. */
  sortable?: boolean;
}

/** By which column a table is sorted. The page sorts its rows; the table only shows and asks. */
export interface Sorted {
  by: string | null;
  descending: boolean;
  onSort: (key: string) => void;
}

interface DataTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** The address of a row; the link itself belongs into the name's cell, for the keyboard. */
  isDimmed?: (row: Row) => boolean;
  isSelected?: (row: Row) => boolean;
  /** A row that sums up the others. */
  isTotal?: (row: Row) => boolean;
  sorted?: Sorted;
  footer?: ReactNode;
}

/** A table in a card. Rows are compared, so they are dense and their digits stand in columns. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  isDimmed,
  isSelected,
  isTotal,
  sorted,
  footer,
}: DataTableProps<Row>) {
  return (
    <div className={styles.card}>
      <section className={styles.scroll} aria-label={label} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  data-align={column.align}
                  style={{ width: column.width }}
                  aria-sort={column.sortable ? directionOf(column, sorted) : undefined}
                >
                  {column.sortable && sorted ? (
                    <button type="button" onClick={() => sorted.onSort(column.key)}>
                      {column.head}
                      <SortMark direction={directionOf(column, sorted)} />
                    </button>
                  ) : (
                    column.head
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr
                key={rowKey(row)}
                data-dimmed={isDimmed?.(row) || undefined}
                data-selected={isSelected?.(row) || undefined}
                data-total={isTotal?.(row) || undefined}
              >
                {columns.map((column) => (
                  <td
                    key={column.key}
                    data-align={column.align}
                    data-phone={column.phone ?? "hidden"}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {footer && <div className={styles.footer}>{footer}</div>}
    </div>
  );
}

type Direction = "ascending" | "descending" | "none";

function directionOf(column: { key: string }, sorted: Sorted | undefined): Direction {
  if (sorted?.by !== column.key) return "none";
  return sorted.descending ? "descending" : "ascending";
}

function SortMark({ direction }: { direction: Direction }) {
  return (
    <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" data-direction={direction}>
      <path d={direction === "descending" ? "M1 2h6L4 7z" : "M1 6h6L4 1z"} fill="currentColor" />
    </svg>
  );
}

/** The first cell of a row: what it is called, and one dim line. */
export function NameCell({
  to,
  params,
  name,
  note,
  mono,
}: {
  to?: string;
  params?: Record<string, string>;
  name: ReactNode;
  note?: ReactNode;
  mono?: boolean;
}) {
  return (
    <div className={styles.two}>
      {to ? (
        <Link to={to} params={params as never} className={`name ${styles.rowLink}`}>
          {name}
        </Link>
      ) : (
        <span className="name">{name}</span>
      )}
      {note && <small className={mono ? "mono" : undefined}>{note}</small>}
    </div>
  );
}

/** A value with a dim line below it. */
export function TwoLines({ children, note }: { children: ReactNode; note?: ReactNode }) {
  return (
    <div className={styles.two}>
      {children}
      {note && <small>{note}</small>}
    </div>
  );
}
