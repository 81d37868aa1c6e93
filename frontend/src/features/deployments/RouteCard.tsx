import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { routesQuery } from "@/api/fleet";
import type { DeploymentOut } from "@/api/generated/schema";
import { Card } from "@/ui/Card";
import styles from "./deployment.module.css";

/** Where a request for its name goes: first here, then where the route says. */
export function RouteCard({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.route");
  const routes = useQuery({ ...routesQuery, retry: false }).data?.items ?? [];
  const route = routes.find((each) => each.name === deployment.name);
  const others = routes.filter(
    (each) =>
      each !== route && each.targets.some((target) => target.deployment === deployment.name),
  );
  const targets = route?.targets ?? [{ deployment: deployment.name, upstream: null }];
  const fallbacks = route?.fallbacks ?? [];
  return (
    <Card
      title={t("title")}
      actions={
        route ? (
          <Link className="link" to="/routes/$name" params={{ name: route.name }} search={{}}>
            {t("edit")}
          </Link>
        ) : (
          <Link className="link" to="/routes" search={{ dialog: "new-route" }}>
            {t("add")}
          </Link>
        )
      }
    >
      <div className="stack tight">
        <div className={styles.asked}>
          <span className="tag ember mono">{deployment.name}</span>
          <span className="xs dim">{t("asked")}</span>
        </div>
        {targets.map((target, index) => {
          const name = target.deployment ?? target.upstream ?? "";
          return (
            <div key={`target-${name}`} className={styles.hop}>
              <span className="xs soft">
                <b className="strong">{index + 1}</b> {name}
              </span>
              {name === deployment.name && (
                <span className="xs dim">
                  {t("leastBusy", { count: deployment.replica_count })}
                </span>
              )}
            </div>
          );
        })}
        {fallbacks.map((fallback, index) => (
          <div key={`fallback-${fallback.to}`} className={styles.hop}>
            <span className="xs soft">
              <b className="strong">{targets.length + index + 1}</b> {fallback.to}
            </span>
            <span className="xs dim">{t("on", { causes: fallback.on.join(", ") })}</span>
          </div>
        ))}
        {fallbacks.length === 0 && <p className="xs dim">{t("noFallback")}</p>}
        {others.length > 0 && (
          <p className="xs dim">
            {t("alsoAs", { names: others.map((each) => each.name).join(", ") })}
          </p>
        )}
      </div>
    </Card>
  );
}
