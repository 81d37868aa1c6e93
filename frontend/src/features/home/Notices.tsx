import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { deploymentsQuery, nodesQuery } from "@/api/fleet";
import { Notice } from "@/components/Notice";
import { TONE_OF, toState } from "@/components/states";
import { WhyButton } from "@/components/WhyButton";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";

const SHOWN = 3;

interface Trouble {
  subject: "deployment" | "node";
  id: number;
  name: string;
  state: string;
  state_reason: string;
  state_since: string;
}

/** What needs somebody, the worst three. */
export function Notices() {
  const t = useTranslations();
  const format = useFormat();
  const nodes = useQuery(nodesQuery).data?.items ?? [];
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const troubles = [
    ...deployments.map((one): Trouble => ({ ...one, subject: "deployment" })),
    ...nodes.map((one): Trouble => ({ ...one, subject: "node" })),
  ]
    .filter((one) => ["bad", "attention"].includes(TONE_OF[toState(one.state)]))
    .sort((one, other) => severity(other) - severity(one));
  return troubles.slice(0, SHOWN).map((trouble) => (
    <Notice
      key={`${trouble.subject}-${trouble.id}`}
      tone={TONE_OF[toState(trouble.state)]}
      title={t(`home.notice.${trouble.subject}`, {
        name: trouble.name,
        state: t(`components.state.${toState(trouble.state)}`).toLocaleLowerCase(),
      })}
      corner={t("components.since", { moment: format.moment(trouble.state_since) })}
      actions={
        <>
          <ButtonLink
            size="sm"
            kind="go"
            to={trouble.subject === "node" ? "/nodes/$name" : "/deployments/$name"}
            params={{ name: trouble.name }}
          >
            {t("home.open")}
          </ButtonLink>
          <WhyButton subject={trouble.subject} id={trouble.id} state={trouble.state} />
        </>
      }
    >
      {trouble.state_reason}
    </Notice>
  ));
}

function severity(trouble: Trouble): number {
  return TONE_OF[toState(trouble.state)] === "bad" ? 1 : 0;
}
