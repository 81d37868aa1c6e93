import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocale, useTranslations } from "use-intl";
import type { PreviewOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { ClockIcon, DownloadIcon, type IconType, KeyIcon, ServerIcon } from "@/ui/icons";
import styles from "./deploy.module.css";
import { keysQuery } from "./queries";
import type { Target, VersionChoice } from "./target";
import type { Draft } from "./wanted";

interface WhatWillHappenProps {
  target: Target;
  version: VersionChoice | undefined;
  draft: Draft;
  preview: PreviewOut | undefined;
  isOld: boolean;
}

const strong = (text: ReactNode) => <b className="medium">{text}</b>;

/** Downloads, memory, callers: said before it is done. */
export function WhatWillHappen({ target, version, draft, preview, isOld }: WhatWillHappenProps) {
  const t = useTranslations("deployments.happens");
  const format = useFormat();
  const locale = useLocale();
  const keys = useQuery({ ...keysQuery, retry: false }).data?.items;
  const isHere = version?.aiModel?.state === "ready";
  const lines: [IconType, ReactNode][] = [];

  const size = format.bytes(version?.sizeBytes);
  if (!isHere && !version?.sizeBytes)
    lines.push([DownloadIcon, t.rich("fetchUnknown", { b: strong })]);
  else if (!isHere) lines.push([DownloadIcon, t.rich("fetch", { size, b: strong })]);
  else if (target.entry?.built_in) lines.push([DownloadIcon, t.rich("builtIn", { b: strong })]);
  else lines.push([DownloadIcon, t.rich("here", { b: strong })]);

  const left = preview ? leftOver(preview) : [];
  if (left.length > 0) {
    const nodes = new Intl.ListFormat(locale).format(
      left.map(([node, bytes]) => t("leftWith", { node, size: format.bytes(bytes) })),
    );
    lines.push([ServerIcon, t.rich("nothingMoves", { nodes, b: strong })]);
  }
  if (keys) {
    const open = keys.filter((key) => key.state === "active" && !key.models).length;
    const named = keys.filter(
      (key) => key.state === "active" && key.models?.includes(draft.name),
    ).length;
    lines.push([KeyIcon, callers(open, named)]);
  }
  if (draft.unloads) {
    lines.push([ClockIcon, t("unloads", { time: format.duration(draft.unloadMinutes * 60_000) })]);
  }
  return (
    <section className={styles.happens} data-old={isOld || undefined}>
      <h2>{t("title")}</h2>
      <ul>
        {lines.map(([Icon, text], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of one answer, drawn anew together
          <li key={index}>
            <Icon />
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </section>
  );

  function callers(open: number, named: number): string {
    if (open + named === 0) return t("noKeys");
    if (named === 0) return t("openKeys", { count: open });
    return t("allKeys", { count: open + named });
  }
}

/** What each chosen node has left once all its replicas run. */
function leftOver(preview: PreviewOut): [string, number][] {
  const counts = new Map<string, number>();
  for (const place of preview.placements) {
    counts.set(place.node.name, (counts.get(place.node.name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => {
    const fit = preview.nodes.find((node) => node.node.name === name);
    return [name, (fit?.spare_bytes ?? 0) - (count - 1) * (fit?.needed_bytes ?? 0)];
  });
}
