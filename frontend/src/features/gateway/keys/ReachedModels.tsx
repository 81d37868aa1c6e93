import { useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyReportOut } from "@/api/generated/schema";
import { StateMark } from "@/components/StateBadge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";

const SHOWN = 8;

/** The names it may ask for, which of them answer now, and why the others do not. */
export function ReachedModels({ models }: { models: KeyReportOut["models"] }) {
  const t = useTranslations("keys.page");
  const [all, setAll] = useState(false);
  const ordered = [...models].sort((one, other) => rank(one) - rank(other));
  const shown = all ? ordered : ordered.slice(0, SHOWN);
  return (
    <Card title={t("reached")} fill="flush">
      {models.length === 0 ? (
        <p className="sm soft" style={{ padding: "10px 16px" }}>
          {t("reachedNone")}
        </p>
      ) : (
        <ul className="list">
          {shown.map((model) => (
            <li key={model.name}>
              <StateMark tone={!model.allowed ? "quiet" : model.answers ? "good" : "attention"} />
              <span className="grow break">
                <span className={model.allowed ? "medium" : "dim"}>{model.name}</span>
                <Below model={model} />
              </span>
              {model.leaves_house && <span className="tag">{t("leavesHouse")}</span>}
            </li>
          ))}
        </ul>
      )}
      {models.length > SHOWN && (
        <div style={{ padding: "8px 12px" }}>
          <Button kind="ghost" size="sm" onClick={() => setAll(!all)}>
            {all ? t("fewer") : t("more", { count: models.length - SHOWN })}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Below({ model }: { model: KeyReportOut["models"][number] }) {
  const t = useTranslations("keys.page");
  const words = [model.alias_of && t("aliasOf", { name: model.alias_of }), model.reason].filter(
    Boolean,
  );
  if (words.length === 0) return <span className="visually-hidden"> {t("answers")}</span>;
  return (
    <small className="xs dim" style={{ display: "block" }}>
      {words.join(" · ")}
    </small>
  );
}

function rank(model: KeyReportOut["models"][number]): number {
  return model.allowed ? (model.answers ? 0 : 1) : 2;
}
