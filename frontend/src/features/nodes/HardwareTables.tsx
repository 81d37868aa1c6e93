import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { StateMark } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { Meter } from "@/ui/Meter";
import styles from "./nodes.module.css";

type Facts = NodeOut["facts"];

const DISK_KINDS = ["ssd", "hdd", "nvme", "virtual"] as const;

/** What a machine has several of: cards, disks, file systems, network interfaces. */
export function HardwareTables({ facts }: { facts: Facts }) {
  return (
    <>
      <Cards gpus={facts.gpus} />
      <Disks disks={facts.disks} />
      <Mounts mounts={facts.mounts} />
      <Network network={facts.network} />
    </>
  );
}

interface PlainTableProps {
  title: string;
  heads: readonly { label: string; right?: boolean }[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  empty?: string;
}

function PlainTable({ title, heads, rows, empty }: PlainTableProps) {
  const t = useTranslations("nodes.hardware");
  return (
    <Card title={title} fill={rows.length > 0 ? "flush" : "body"} className={styles.wide}>
      {rows.length === 0 ? (
        <p className="sm dim">{empty ?? "·"}</p>
      ) : (
        <section className={styles.scroll} aria-label={t("tableOf", { title })} tabIndex={0}>
          <table className={styles.plain}>
            <thead>
              <tr>
                {heads.map((head) => (
                  <th key={head.label} scope="col" data-align={head.right ? "right" : undefined}>
                    {head.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  {heads.map((head, index) => (
                    <td key={head.label} data-align={head.right ? "right" : undefined}>
                      {row.cells[index] || <span className="dim">·</span>}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Card>
  );
}

function Cards({ gpus }: { gpus: Facts["gpus"] }) {
  const t = useTranslations("nodes.hardware");
  const format = useFormat();
  return (
    <PlainTable
      title={t("cards")}
      empty={t("noCards")}
      heads={[{ label: t("card") }, { label: t("driver") }, { label: t("memory"), right: true }]}
      rows={gpus.map((gpu) => ({
        key: String(gpu.index),
        cells: [
          <b key="name">{gpu.name}</b>,
          gpu.driver,
          gpu.memory_bytes ? format.bytes(gpu.memory_bytes) : "",
        ],
      }))}
    />
  );
}

function Disks({ disks }: { disks: Facts["disks"] }) {
  const t = useTranslations("nodes.hardware");
  const format = useFormat();
  return (
    <PlainTable
      title={t("disks")}
      heads={[
        { label: t("disk") },
        { label: t("model") },
        { label: t("kind") },
        { label: t("size"), right: true },
      ]}
      rows={disks.map((disk) => ({
        key: disk.device,
        cells: [
          <span key="device" className="mono">
            {disk.device}
          </span>,
          disk.model,
          t(`kinds.${DISK_KINDS.find((kind) => kind === disk.kind) ?? "unknown"}`),
          disk.size_bytes ? format.bytes(disk.size_bytes) : "",
        ],
      }))}
    />
  );
}

function Mounts({ mounts }: { mounts: Facts["mounts"] }) {
  const t = useTranslations("nodes.hardware");
  const format = useFormat();
  return (
    <PlainTable
      title={t("mounts")}
      heads={[
        { label: t("mount") },
        { label: t("fileSystem") },
        { label: t("used") },
        { label: t("free"), right: true },
        { label: t("size"), right: true },
      ]}
      rows={mounts.map((mount) => {
        const share = 1 - mount.free_bytes / Math.max(1, mount.total_bytes);
        return {
          key: mount.path,
          cells: [
            <span key="path" className="row">
              <span className="mono">{mount.path}</span>
              {mount.holds_models && <span className="tag ember">{t("holdsModels")}</span>}
              {mount.read_only && <span className="tag">{t("readOnly")}</span>}
            </span>,
            mount.file_system,
            <span key="used" className="row">
              <span className={styles.meter}>
                <Meter share={share} label={format.share(share)} />
              </span>
              <span className="xs soft">{format.share(share)}</span>
            </span>,
            format.bytes(mount.free_bytes),
            format.bytes(mount.total_bytes),
          ],
        };
      })}
    />
  );
}

function Network({ network }: { network: Facts["network"] }) {
  const t = useTranslations("nodes.hardware");
  return (
    <PlainTable
      title={t("network")}
      heads={[
        { label: t("interface") },
        { label: t("addresses") },
        { label: t("speed"), right: true },
      ]}
      rows={network.map((one) => ({
        key: one.name,
        cells: [
          <span key="name">
            <span className="row">
              <StateMark tone={one.is_up ? "good" : "quiet"} />
              <b>{one.name}</b> <span className="dim xs">{one.is_up ? t("up") : t("down")}</span>
            </span>
            {one.mac && <small className="mono">{one.mac}</small>}
          </span>,
          <span key="addresses" className="mono xs">
            {one.addresses.join(" ")}
          </span>,
          one.speed_mbps ? `${one.speed_mbps} Mbit/s` : "",
        ],
      }))}
    />
  );
}
