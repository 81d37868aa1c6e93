import { useTranslations } from "use-intl";
import type { DeploymentOut, NodeOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Meter } from "@/ui/Meter";
import { type Stat, Stats } from "@/ui/Stats";
import { LastHour } from "./LastHour";
import { cardMemory, type Memory, mainMemory, shareOf } from "./memory";
import { ReplicasHere, replicasOn } from "./ReplicasHere";
import { WouldFit } from "./WouldFit";

interface OverviewProps {
  node: NodeOut;
  deployments: readonly DeploymentOut[];
}

export function OverviewTab({ node, deployments }: OverviewProps) {
  return (
    <>
      <LastHour node={node} />
      <ReplicasHere node={node} deployments={deployments} />
      <WouldFit node={node} />
    </>
  );
}

/** How full and how busy it is now. Without a recent measurement every number is a dot. */
export function Numbers({ node, deployments }: OverviewProps) {
  const t = useTranslations("nodes.stats");
  const format = useFormat();
  const sample = node.latest;
  const replicas = replicasOn(node, deployments);
  const ready = replicas.filter((row) => row.replica.state === "ready");
  const card = sample ? cardMemory(sample) : null;
  const busy = sample?.gpus.map((gpu) => gpu.busy_share ?? 0) ?? [];

  const memoryStat = (label: string, memory: Memory | null): Stat => ({
    label,
    value: memory ? format.gigabytes(memory.used) : "·",
    unit: memory ? t("of", { total: format.gigabytes(memory.total) }) : undefined,
    below: memory && <Meter share={shareOf(memory)} label={format.share(shareOf(memory))} />,
  });

  const items: Stat[] = [
    ...(card ? [memoryStat(t("graphics"), card)] : []),
    memoryStat(t("memory"), sample ? mainMemory(sample) : null),
    ...(card
      ? [
          {
            label: t("card"),
            value: String(Math.round(Math.max(0, ...busy) * 100)),
            unit: t("busy"),
            below: (
              <Meter share={Math.max(0, ...busy)} label={format.share(Math.max(0, ...busy))} />
            ),
          },
        ]
      : []),
    {
      label: t("processor"),
      value: sample ? String(Math.round(sample.cpu_share * 100)) : "·",
      unit: sample ? t("busy") : undefined,
      below: sample && <Meter share={sample.cpu_share} label={format.share(sample.cpu_share)} />,
    },
    {
      label: t("disk"),
      value: sample ? format.bytes(sample.disk_free).split(/\s/)[0] : "·",
      unit: sample
        ? t("free", { unit: format.bytes(sample.disk_free).split(/\s/)[1] ?? "" })
        : undefined,
      below: sample && (
        <Meter
          share={1 - sample.disk_free / Math.max(1, sample.disk_total)}
          label={t("ofDisk", { total: format.bytes(sample.disk_total) })}
        />
      ),
    },
    {
      label: t("replicas"),
      value: String(ready.length),
      unit: t("wanted", { count: String(replicas.length) }),
      below:
        ready.length > 0 ? (
          <span className="clip">{ready.map((row) => row.deployment.name).join(", ")}</span>
        ) : (
          t("servesNothing")
        ),
    },
  ];
  return <Stats items={items} />;
}
