import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { Because, Notice } from "@/components/Notice";
import { isMoving } from "@/components/states";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { whyQuery } from "./queries";

interface StateNoticeProps {
  deployment: DeploymentOut;
  onFix: (action: string) => void;
}

const LINES_SHOWN = 5;
const FIXES_SHOWN = 3;
/** What gets rid of it is no way out for somebody who wants it to run. */
const NOT_OFFERED = new Set(["delete_deployment", "stop_deployment"]);

/** Then the way out is the page's one primary button. */
export function isTroubled({ state }: DeploymentOut): boolean {
  return state === "failed" || state === "degraded";
}

/** Above the replicas, when something is not well: the cause, what was seen, the ways out. */
export function StateNotice({ deployment, onFix }: StateNoticeProps) {
  const t = useTranslations("deployments.page");
  const format = useFormat();
  if (isTroubled(deployment)) {
    return <Trouble deployment={deployment} onFix={onFix} />;
  }
  if (!isMoving(deployment.state) || !deployment.state_reason) return null;
  const deadline = deployment.state_deadline;
  return (
    <p className="sm soft" role="status">
      {deadline
        ? t("moving", { reason: deployment.state_reason, deadline: format.moment(deadline) })
        : deployment.state_reason}
    </p>
  );
}

function Trouble({ deployment, onFix }: StateNoticeProps) {
  const format = useFormat();
  const why = useQuery(whyQuery(deployment.id)).data;
  const fixes = (why?.fixes ?? []).filter((fix) => fix.allowed && !NOT_OFFERED.has(fix.action));
  return (
    <Notice
      tone={deployment.state === "failed" ? "bad" : "attention"}
      title={why?.cause || deployment.state_reason}
      corner={format.relative(deployment.state_since)}
      actions={
        fixes.length > 0 &&
        fixes.slice(0, FIXES_SHOWN).map((fix, index) => (
          <Button
            key={fix.action}
            size="sm"
            kind={index === 0 ? "go" : "plain"}
            title={fix.effect}
            onClick={() => onFix(fix.action)}
          >
            {fix.label}
          </Button>
        ))
      }
    >
      {why && (
        <Because
          lines={[
            ...(why.evidence ?? []).slice(0, LINES_SHOWN).map((line, index) => ({
              key: `${line.at}-${index}`,
              at: line.at ? format.moment(line.at) : "",
              text: line.text,
            })),
            ...(why.next
              ? [
                  {
                    key: "next",
                    at: why.next.at ? format.moment(why.next.at) : "→",
                    text: why.next.text,
                  },
                ]
              : []),
          ]}
        />
      )}
    </Notice>
  );
}
