import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { api, unwrap } from "@/api/client";
import type { WhyOut } from "@/api/generated/schema";
import { oneKey, type Subject } from "@/api/keys";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { Because } from "./Notice";
import { QueryView } from "./QueryView";
import { toState } from "./states";
import styles from "./WhyButton.module.css";

type Explained = Extract<Subject, "node" | "deployment" | "operation">;

interface WhyProps {
  subject: Explained;
  id: string | number;
  state: string;
  /**
   * Carries out a fix by the ordinary endpoint of its action. Without it fixes are read only.
   */
  onFix?: (action: string) => void;
}

/** Stands beside every state that is not well: opens the cause, the evidence and the fixes. */
export function WhyButton({ subject, id, state, onFix }: WhyProps) {
  const t = useTranslations("components");
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={styles.why} onClick={() => setOpen(true)}>
        {t("why.button")}
      </button>
      <Panel
        open={open}
        onClose={() => setOpen(false)}
        title={t("why.title", { state: t(`state.${toState(state)}`) })}
      >
        {open && <Why subject={subject} id={id} {...(onFix ? { onFix } : {})} />}
      </Panel>
    </>
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
      return unwrap(api.GET("/api/nodes/{node_id}/why", { params: { path: { node_id: Number(id) } } }));
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
