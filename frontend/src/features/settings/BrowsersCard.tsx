import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { BrowserOut } from "@/api/generated/schema";
import { ProblemLine } from "@/components/ProblemNotice";
import { QueryView } from "@/components/QueryView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { browserName } from "./browserName";
import { browsersQuery } from "./queries";
import styles from "./settings.module.css";

export function BrowsersCard() {
  const t = useTranslations("settings.profile");
  const query = useQuery(browsersQuery);
  return (
    <Card title={t("browsers")} note={t("browsersNote")} fill="flush">
      <QueryView query={query}>
        {(page) => (
          <div>
            {page.items.map((browser) => (
              <BrowserRow key={browser.id} browser={browser} />
            ))}
          </div>
        )}
      </QueryView>
    </Card>
  );
}

function BrowserRow({ browser }: { browser: BrowserOut }) {
  const t = useTranslations("settings.profile");
  const format = useFormat();
  const queryClient = useQueryClient();
  const end = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE("/api/sessions/{session_id}", { params: { path: { session_id: browser.id } } }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: browsersQuery.queryKey }),
  });
  return (
    <div className={styles.row}>
      <span className={styles.words} title={browser.agent}>
        <span className="name">{browserName(browser.agent)}</span>
        <small>
          <span className="mono">{browser.address}</span> ·{" "}
          {t("since", { moment: format.relative(browser.created_at) })}
        </small>
      </span>
      {browser.is_current ? (
        <span className="tag ember">{t("thisBrowser")}</span>
      ) : (
        <Button size="sm" busy={end.isPending} onClick={() => end.mutate()}>
          {t("endSession")}
        </Button>
      )}
      <ProblemLine error={end.error} />
    </div>
  );
}
