import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { Notice } from "@/components/Notice";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { HardwareTables } from "./HardwareTables";
import styles from "./nodes.module.css";

/** What the machine is made of, as it said itself. What it did not say is a dot. */
export function HardwareTab({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.hardware");
  const unknown = Object.entries(node.facts.unknown);
  return (
    <div className={styles.facts}>
      {unknown.length > 0 && (
        <div className={styles.wide}>
          <Notice tone="attention" title={t("unknown")}>
            {unknown.map(([fact, reason]) => (
              <p key={fact}>
                <span className="mono">{fact}</span> {reason}
              </p>
            ))}
          </Notice>
        </div>
      )}
      <Processor node={node} />
      <Memory node={node} />
      <System node={node} />
      <HardwareTables facts={node.facts} />
    </div>
  );
}

type Pair = readonly [label: string, value: ReactNode];

function Pairs({ pairs }: { pairs: readonly Pair[] }) {
  return (
    <dl className="kv">
      {pairs.map(([label, value]) => (
        <div key={label} style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>{value || <span className="dim">·</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

function Processor({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.hardware");
  const { cpu } = node.facts;
  const counts = [cpu.sockets, cpu.cores, cpu.threads].map((count) => count ?? "·").join(" · ");
  return (
    <Card title={t("processor")}>
      <Pairs
        pairs={[
          [t("model"), cpu.model],
          [t("vendor"), cpu.vendor],
          [t("architecture"), cpu.architecture],
          [t("level"), cpu.level],
          [t("counts"), counts],
          [t("usable"), cpu.usable_threads ? String(Math.round(cpu.usable_threads * 10) / 10) : ""],
          [t("clock"), cpu.max_mhz ? `${(cpu.max_mhz / 1000).toFixed(2)} GHz` : ""],
          [
            t("features"),
            <span key="features" className="row wrap end">
              {cpu.features.map((feature) => (
                <span key={feature} className="tag">
                  {feature}
                </span>
              ))}
            </span>,
          ],
        ]}
      />
      {cpu.flags.length > 0 && (
        <details className={styles.flags}>
          <summary>{t("flags", { count: cpu.flags.length })}</summary>
          <p className="mono">{cpu.flags.join(" ")}</p>
        </details>
      )}
    </Card>
  );
}

function Memory({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.hardware");
  const format = useFormat();
  const { memory } = node.facts;
  const bandwidth = memory.bandwidth_bytes_per_second;
  return (
    <Card title={t("memory")}>
      <Pairs
        pairs={[
          [t("total"), memory.total_bytes ? format.bytes(memory.total_bytes) : ""],
          [t("limit"), format.bytes(memory.limit_bytes ?? memory.total_bytes)],
          [t("swap"), memory.swap_bytes ? format.bytes(memory.swap_bytes) : t("none")],
          [t("bandwidth"), bandwidth ? t("perSecond", { size: format.bytes(bandwidth) }) : ""],
        ]}
      />
    </Card>
  );
}

function System({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.hardware");
  const format = useFormat();
  const { system } = node.facts;
  return (
    <Card title={t("system")}>
      <Pairs
        pairs={[
          [t("name"), system.name],
          [t("kernel"), system.kernel],
          [t("hostname"), system.hostname],
          [t("virtualisation"), system.virtualisation || t("none")],
          [t("container"), system.container || t("none")],
          [t("booted"), system.booted_at ? format.moment(system.booted_at) : ""],
        ]}
      />
    </Card>
  );
}
