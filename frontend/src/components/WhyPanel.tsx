import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { WhyOut } from "@/api/generated/schema";
import { oneKey } from "@/api/keys";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { Because } from "./Notice";
import { QueryView } from "./QueryView";
import { toState } from "./states";
import type { Explained, WhyProps } from "./WhyButton";

/** The cause, at most five timed lines of evidence, what comes by itself, and up to three fixes. */
export default function WhyPanel({ onClose, ...why }: WhyProps & { onClose: () => void }) {
  const t = useTranslations("components");
  return (
    <Panel
      open
      onClose={onClose}
      title={t("why.title", { state: t(`state.${toState(why.state)}`) })}
    >
      <Why {...why} />
    </Panel>
  );
}

function useWhy(subject: Explained, id: string) {
  return useQuery({
    queryKey: oneKey(subject, id, "why"),
    queryFn: () => fetchWhy(subject, id),
  });
}

function fetchWhy(subject: Explained, id: string): Promise<WhyOut> {
  switch (subject) {
    case "node":
      return unwrap(
        api.GET("/api/nodes/{node_id}/why", { params: { path: { node_id: Number(id) } } }),
      );
    case "deployment":
      return unwrap(
        api.GET("/api/deployments/{deployment_id}/why", {
          params: { path: { deployment_id: Number(id) } },
        }),
      );
    case "operation":
      return unwrap(
        api.GET("/api/operations/{operation_id}/why", { params: { path: { operation_id: id } } }),
      );
  }
}

function Why({ subject, id, onFix }: Omit<WhyProps, "state">) {
  const t = useTranslations("components.why");
  const format = useFormat();
  const query = useWhy(subject, String(id));
  return (
    <QueryView query={query}>
      {(why) => (
        <div className="stack">
          <p className="strong">{why.cause || t("unknown")}</p>
          {why.evidence.length > 0 && (
            <section className="stack tight">
              <h2>{t("evidence")}</h2>
              <Because
                lines={why.evidence.slice(0, 5).map((line, index) => ({
                  key: `${line.at}-${index}`,
                  at: line.at ? format.moment(line.at) : "·",
                  text: line.link ? (
                    <Link className="link" to={line.link}>
                      {line.text}
                    </Link>
                  ) : (
                    line.text
                  ),
                }))}
              />
            </section>
          )}
          {why.next?.text && (
            <section className="stack tight">
              <h2>{t("next")}</h2>
              <p className="soft sm">
                {why.next.text} {why.next.at && format.relative(why.next.at)}
              </p>
            </section>
          )}
          {why.fixes.length > 0 && (
            <section className="stack tight">
              <h2>{t("fixes")}</h2>
              {why.fixes.slice(0, 3).map((fix, index) => (
                <div key={fix.action} className="stack tight">
                  <Button
                    kind={index === 0 ? "go" : "plain"}
                    wide
                    disabledReason={fix.allowed ? null : (fix.reason ?? "")}
                    disabled={!onFix}
                    onClick={() => onFix?.(fix.action)}
                  >
                    {fix.label}
                  </Button>
                  {fix.effect && <p className="xs dim">{fix.effect}</p>}
                </div>
              ))}
            </section>
          )}
        </div>
      )}
    </QueryView>
  );
}
