import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut, RouteVersionOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Segments } from "@/ui/Chips";
import { CardSkeleton } from "@/ui/Skeleton";
import { ChangeList } from "./ChangeList";
import { changesBetween } from "./changes";
import { documentFrom } from "./draft";
import { versionsQuery } from "./queries";
import styles from "./routes.module.css";
import { useRevert } from "./useRevert";

interface VersionsProps {
  route: RouteOut;
  isChanged: boolean;
  onReverted: (route: RouteOut) => void;
}

/** Every version that was saved, what it changed, and the way back to it. */
export function Versions({ route, isChanged, onReverted }: VersionsProps) {
  const t = useTranslations("routes.versions");
  const query = useQuery(versionsQuery(route.id));
  const revert = useRevert(route, onReverted);
  const [against, setAgainst] = useState<"before" | "now">("before");
  return (
    <QueryView query={query} skeleton={<CardSkeleton lines={5} />}>
      {(versions) => (
        <Card
          title={t("title")}
          fill="flush"
          actions={
            versions.length > 1 && (
              <Segments
                label={t("compare")}
                value={against}
                choices={[
                  { value: "before", label: t("before") },
                  { value: "now", label: t("now") },
                ]}
                onChange={setAgainst}
              />
            )
          }
        >
          <ol className={styles.versions}>
            {versions.map((version, index) => (
              <Version
                key={version.number}
                version={version}
                other={against === "before" ? versions[index + 1] : versions[0]}
                against={against}
                reason={reasonAgainst(route, "revert_route") ?? (isChanged ? t("unsaved") : null)}
                busy={revert.isPending && revert.variables === version.number}
                onRevert={() => revert.mutate(version.number)}
              />
            ))}
          </ol>
        </Card>
      )}
    </QueryView>
  );
}

interface VersionProps {
  version: RouteVersionOut;
  other: RouteVersionOut | undefined;
  against: "before" | "now";
  reason: string | null;
  busy: boolean;
  onRevert: () => void;
}

function Version({ version, other, against, reason, busy, onRevert }: VersionProps) {
  const t = useTranslations("routes.versions");
  const format = useFormat();
  const own = documentFrom(version.document);
  const changes = other === undefined ? [] : changesBetween(documentFrom(other.document), own);
  return (
    <li className={styles.version}>
      <div className="row wrap">
        <h3>{t("one", { version: String(version.number) })}</h3>
        {version.is_current && <StateBadge state="active" label={t("current")} />}
        <span className="xs dim grow">
          {format.dateTime(version.made_at)}
          {version.made_by && `, ${version.made_by}`}
          {version.note && `: ${version.note}`}
        </span>
        {!version.is_current && (
          <Button size="sm" busy={busy} disabledReason={reason} onClick={onRevert}>
            {t("back", { version: String(version.number) })}
          </Button>
        )}
      </div>
      {against === "now" && version.is_current ? null : other === undefined ? (
        <p className="sm dim">{t("first")}</p>
      ) : (
        <>
          {against === "now" && <p className="xs dim">{t("ifBack")}</p>}
          <ChangeList changes={changes} />
        </>
      )}
    </li>
  );
}
