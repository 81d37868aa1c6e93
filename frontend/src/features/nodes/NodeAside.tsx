import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { Because, Notice } from "@/components/Notice";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { StateMark } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { nodeOperationsQuery } from "./data";

const SHOWN = 6;

export function NodeAside({ node }: { node: NodeOut }) {
  return (
    <>
      <Unknown node={node} />
      <Trust node={node} />
      <Today node={node} />
    </>
  );
}

/** What could not be read is said, not left out. */
function Unknown({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.node.unknown");
  const [, setView] = useView();
  const reasons = Object.values(node.facts.unknown);
  if (reasons.length === 0) return null;
  return (
    <Notice
      tone="attention"
      title={t("title", { count: reasons.length })}
      actions={
        <Button size="sm" onClick={() => setView({ tab: "hardware" })}>
          {t("see")}
        </Button>
      }
    >
      {reasons[0]}
    </Notice>
  );
}

function Trust({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.trust");
  const format = useFormat();
  return (
    <Card title={t("title")}>
      <dl className="kv">
        <dt>{t("kind")}</dt>
        <dd>{node.is_control_plane ? t("local") : t("remote")}</dd>
        {node.is_control_plane && (
          <>
            <dt>{t("signIn")}</dt>
            <dd>{t("notNeeded")}</dd>
          </>
        )}
        <dt>{t("known")}</dt>
        <dd>{format.moment(node.created_at)}</dd>
        <dt>{t("seen")}</dt>
        <dd>{format.relative(node.last_seen_at)}</dd>
        <dt>{t("read")}</dt>
        <dd>{format.moment(node.facts_at)}</dd>
      </dl>
    </Card>
  );
}

function Today({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.today");
  const format = useFormat();
  const titleOf = useOperationTitle();
  const operations = useQuery(nodeOperationsQuery(node.id)).data?.items ?? [];
  const today = new Date().toDateString();
  const rows = operations
    .filter((row) => new Date(row.created_at).toDateString() === today)
    .slice(0, SHOWN);
  return (
    <Card
      title={t("title", { name: node.name })}
      actions={
        <Link
          to="."
          search={(before: Record<string, unknown>) => ({ ...before, tab: "operations" })}
          className="link"
        >
          {t("all")}
        </Link>
      }
    >
      {rows.length === 0 ? (
        <p className="sm dim">{t("none")}</p>
      ) : (
        <Because
          lines={rows.map((row) => ({
            key: row.id,
            at: format.moment(row.created_at),
            text: (
              <Link to="/operations/$operationId" params={{ operationId: row.id }}>
                {titleOf(row)} {row.state !== "succeeded" && <StateMark state={row.state} />}
              </Link>
            ),
          }))}
        />
      )}
    </Card>
  );
}
