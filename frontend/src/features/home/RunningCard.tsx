import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { runningOperationsQuery } from "@/api/operations";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { QueryView } from "@/components/QueryView";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { Meter } from "@/ui/Meter";

const SHOWN = 5;

export function RunningCard() {
  const t = useTranslations("home.running");
  const format = useFormat();
  const titleOf = useOperationTitle();
  const query = useQuery(runningOperationsQuery);
  return (
    <Card
      title={t("title")}
      actions={
        <Link to="/operations" className="link">
          {t("all")}
        </Link>
      }
    >
      <QueryView query={query}>
        {(page) =>
          page.items.length === 0 ? (
            <p className="sm dim">{t("none")}</p>
          ) : (
            <div className="stack">
              {page.items.slice(0, SHOWN).map((operation) => (
                <Link
                  key={operation.id}
                  to="/operations/$operationId"
                  params={{ operationId: operation.id }}
                  className="stack tight"
                >
                  <span className="row between">
                    <span className="medium sm clip">{titleOf(operation)}</span>
                    <span className="dim xs nowrap">
                      {operation.progress_text || format.share(operation.progress)}
                    </span>
                  </span>
                  <Meter label={format.share(operation.progress)} share={operation.progress ?? 0} />
                </Link>
              ))}
            </div>
          )
        }
      </QueryView>
    </Card>
  );
}
