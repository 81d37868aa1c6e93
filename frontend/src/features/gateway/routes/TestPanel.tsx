import { NumberInput, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Notice } from "@/components/Notice";
import { QueryView } from "@/components/QueryView";
import { Panel } from "@/ui/Panel";
import { Decision } from "./Decision";
import { decide, keyNamesQuery } from "./queries";
import { RealRequest } from "./RealRequest";
import styles from "./routes.module.css";

const DECIDED_EVERY_MS = 5000;

interface TestPanelProps {
  route: RouteOut;
  isChanged: boolean;
  onClose: () => void;
}

/** What would happen with a request now, step by step; and, if wanted, what does happen. */
export function TestPanel({ route, isChanged, onClose }: TestPanelProps) {
  const t = useTranslations("routes.test");
  const mayChat = useMay("chat");
  const [keyId, setKeyId] = useState<number | null>(null);
  const [tokens, setTokens] = useState<number | null>(null);
  const keys = useQuery(keyNamesQuery).data ?? [];
  const query = useQuery({
    queryKey: ["route", "list", "decision", route.id, route.version, keyId, tokens],
    queryFn: () => decide(route.id, { keyId, tokens }),
    refetchInterval: DECIDED_EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Panel open onClose={onClose} title={t("title", { name: route.name })} width={560}>
      <div className="stack">
        {isChanged && (
          <Notice tone="attention" title={t("unsaved", { version: String(route.version) })} />
        )}
        <div className={styles.asked}>
          <Select
            label={t("key")}
            data={keys.map((key) => ({ value: String(key.id), label: key.name }))}
            value={keyId === null ? null : String(keyId)}
            placeholder={t("myself")}
            clearable
            searchable={keys.length > 8}
            onChange={(value) => setKeyId(value === null ? null : Number(value))}
          />
          <NumberInput
            label={t("tokens")}
            placeholder={t("small")}
            hideControls
            min={1}
            max={1_000_000_000}
            thousandSeparator=" "
            value={tokens ?? ""}
            onChange={(value) => setTokens(Number(value) || null)}
          />
        </div>
        <QueryView query={query}>{(decision) => <Decision decision={decision} />}</QueryView>
        <RealRequest
          name={route.name}
          isOut={route.may_leave_house && route.leaves_house}
          reason={mayChat ? null : t("mayNot")}
        />
      </div>
    </Panel>
  );
}
