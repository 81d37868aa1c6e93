import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { TokenOut } from "@/api/generated/schema";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { PlusIcon } from "@/ui/icons";
import { NewTokenDialog } from "./NewTokenDialog";
import { tokensQuery } from "./queries";
import styles from "./settings.module.css";

export function TokensCard() {
  const t = useTranslations("settings.profile");
  const [view, setView] = useView();
  const query = useQuery(tokensQuery);
  return (
    <Card
      title={t("tokens")}
      note={t("tokensNote")}
      fill="flush"
      actions={
        <Button size="sm" icon={PlusIcon} onClick={() => setView({ dialog: "new-token" })}>
          {t("newToken")}
        </Button>
      }
    >
      <QueryView query={query}>
        {(page) =>
          page.items.length === 0 ? (
            <p className={`sm dim ${styles.none}`}>{t("noTokens")}</p>
          ) : (
            <div>
              {page.items.map((token) => (
                <TokenRow key={token.id} token={token} />
              ))}
            </div>
          )
        }
      </QueryView>
      {view.dialog === "new-token" && (
        <NewTokenDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </Card>
  );
}

function TokenRow({ token }: { token: TokenOut }) {
  const t = useTranslations("settings.profile");
  const format = useFormat();
  const queryClient = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () =>
      unwrap(api.DELETE("/api/tokens/{token_id}", { params: { path: { token_id: token.id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  return (
    <div className={styles.row}>
      <span className={styles.words}>
        <span className="name">{token.name}</span>
        <small>
          <span className="mono">{token.prefix}…</span> ·{" "}
          {token.last_used_at
            ? t("lastUsed", { moment: format.relative(token.last_used_at) })
            : t("neverUsed")}
          {token.expires_at && ` · ${t("expires", { moment: format.day(token.expires_at) })}`}
        </small>
      </span>
      <Button size="sm" kind="danger" onClick={() => setAsking(true)}>
        {t("revoke")}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setAsking(false)}
        title={t("revokeTitle", { name: token.name })}
        consequences={[t("revokeConsequence", { prefix: token.prefix })]}
        confirm={t("revoke")}
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate()}
      />
    </div>
  );
}
