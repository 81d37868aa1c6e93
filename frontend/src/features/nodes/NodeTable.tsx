import { useTranslations } from "use-intl";
import type { DeploymentOut, NodeOut } from "@/api/generated/schema";
import { Coals } from "@/components/Coals";
import { coalsOf } from "@/components/heat";
import { StateBadge } from "@/components/StateBadge";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { type Column, DataTable, NameCell, TwoLines } from "@/ui/DataTable";
import { Meter } from "@/ui/Meter";
import { useHardwareWords } from "./hardwareWords";
import { modelMemory, shareOf } from "./memory";
import { NodeWhy } from "./NodeWhy";
import styles from "./nodes.module.css";

const COUNTS_AS_NOW_MS = 30_000;

interface NodeTableProps {
  nodes: readonly NodeOut[];
  deployments: readonly DeploymentOut[];
}

/** The machines side by side: how each is, what it is made of, how full, how busy, what it serves. */
export function NodeTable({ nodes, deployments }: NodeTableProps) {
  const t = useTranslations("nodes");
  const hardware = useHardwareWords();
  const unknown = <span className="dim">·</span>;

  const columns: Column<NodeOut>[] = [
    {
      key: "node",
      head: t("table.node"),
      phone: "name",
      cell: (row) => (
        <NameCell
          to="/nodes/$name"
          params={{ name: row.name }}
          name={row.name}
          note={row.address}
          mono
        />
      ),
    },
    {
      key: "state",
      head: t("table.state"),
      phone: "state",
      cell: (row) => <NodeState node={row} />,
    },
    {
      key: "hardware",
      head: t("table.hardware"),
      cell: (row) => (
        <span className={`soft xs ${styles.hardware}`}>{hardware(row) || unknown}</span>
      ),
    },
    {
      key: "memory",
      head: t("table.memory"),
      phone: "number",
      cell: (row) => <MemoryCell node={row} />,
    },
    {
      key: "load",
      head: t("table.load"),
      cell: (row) => (row.latest ? <Coals loads={coalsOf(loadOf(row))} /> : unknown),
    },
    {
      key: "serving",
      head: t("table.serving"),
      cell: (row) => {
        const names = servedBy(row, deployments);
        return names.length > 0 ? (
          <span className={`soft ${styles.serving}`}>{names.join(", ")}</span>
        ) : (
          <span className="dim">{t("table.nothing")}</span>
        );
      },
    },
    {
      key: "power",
      head: t("table.power"),
      align: "right",
      cell: (row) => <span className="soft">{t(`power.${powerWord(row.power)}`)}</span>,
    },
    { key: "seen", head: t("table.seen"), align: "right", cell: (row) => <Seen node={row} /> },
  ];

  return (
    <DataTable label={t("table.label")} columns={columns} rows={nodes} rowKey={(row) => row.id} />
  );
}

const POWERS = ["on", "asleep", "off", "unknown"] as const;

function powerWord(power: string): (typeof POWERS)[number] {
  return POWERS.find((word) => word === power) ?? "unknown";
}

/** The busiest of processor and cards: what decides whether one more request is quick. */
function loadOf(node: NodeOut): number | null {
  const sample = node.latest;
  if (!sample) return null;
  return Math.max(sample.cpu_share, ...sample.gpus.map((gpu) => gpu.busy_share ?? 0));
}

function servedBy(node: NodeOut, deployments: readonly DeploymentOut[]): string[] {
  return deployments
    .filter((one) =>
      one.replicas.some((replica) => replica.node.id === node.id && replica.state === "ready"),
    )
    .map((one) => one.name);
}

function NodeState({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes");
  if (node.state === "ready" && node.power !== "asleep") return <StateBadge state="ready" />;
  const badge =
    node.state === "ready" ? (
      <StateBadge bare state="asleep" label={t("asleep")} />
    ) : (
      <StateBadge bare state={node.state} />
    );
  return (
    <TwoLines
      note={
        <span className="desk">
          {node.state_reason} {node.state !== "ready" && <NodeWhy node={node} />}
        </span>
      }
    >
      {badge}
    </TwoLines>
  );
}

function MemoryCell({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.table");
  const format = useFormat();
  if (!node.latest) return <span className="dim">·</span>;
  const memory = modelMemory(node.latest);
  const share = shareOf(memory);
  return (
    <span className="row">
      <span className={styles.meter}>
        <Meter share={share} label={t("used", { share: format.share(share) })} />
      </span>
      <span className="xs soft nowrap">
        {format.gigabytes(memory.used)} / {format.gigabytes(memory.total)} GB
      </span>
    </span>
  );
}

function Seen({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.table");
  const format = useFormat();
  const now = useTick(10_000);
  if (!node.last_seen_at) return <span className="dim">·</span>;
  const isNow = now - Date.parse(node.last_seen_at) < COUNTS_AS_NOW_MS;
  return (
    <time className="dim" dateTime={node.last_seen_at} title={node.last_seen_at}>
      {isNow ? t("now") : format.relative(node.last_seen_at)}
    </time>
  );
}
