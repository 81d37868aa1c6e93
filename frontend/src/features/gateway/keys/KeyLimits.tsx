import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyReportOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { LimitEditor } from "./LimitEditor";
import { LimitTable } from "./LimitTable";
import { boundBy } from "./limits";
import { changeKey } from "./queries";
import { useUtcMidnight } from "./useUtcMidnight";

/** Every limit that binds this key, its own and those it shares, and what is left of each. */
export function KeyLimits({ report }: { report: KeyReportOut }) {
  const t = useTranslations("keyLimits");
  const midnight = useUtcMidnight();
  const queryClient = useQueryClient();
  const [edits, setEdits] = useState(false);
  const { key, limits } = report;
  const hasOwn = boundBy(key.limits).length > 0;
  const change = useMutation({
    mutationFn: (wanted: Parameters<typeof changeKey>[1]["limits"]) =>
      changeKey(key.id, { limits: wanted ?? {} }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["key"] });
      setEdits(false);
    },
  });
  return (
    <Card
      title={t("title")}
      fill="flush"
      actions={
        !edits && (
          <Button
            size="sm"
            disabledReason={reasonAgainst(key, "change_key")}
            onClick={() => setEdits(true)}
          >
            {hasOwn ? t("change") : t("add")}
          </Button>
        )
      }
    >
      {edits && (
        <LimitEditor
          limits={key.limits}
          busy={change.isPending}
          error={change.error}
          onSave={(wanted) => change.mutate(wanted)}
          onCancel={() => setEdits(false)}
        />
      )}
      {limits.length > 0 ? (
        <LimitTable uses={limits} label={t("title")} />
      ) : (
        !edits && <Padded>{t("none.all")}</Padded>
      )}
      {limits.length > 0 && !hasOwn && !edits && <Padded>{t("none.key")}</Padded>}
      {limits.some((use) => !use.known) && <Padded>{t("notNow")}</Padded>}
      {limits.some((use) => use.window.endsWith("day") || use.window.endsWith("month")) && (
        <Padded dim>{t("utc", { time: midnight })}</Padded>
      )}
    </Card>
  );
}

function Padded({ children, dim }: { children: string; dim?: boolean }) {
  return (
    <p className={dim ? "xs dim" : "sm soft"} style={{ padding: "10px 16px" }}>
      {children}
    </p>
  );
}
