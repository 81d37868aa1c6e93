import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useView } from "@/components/useView";
import { WhyButton } from "@/components/WhyButton";
import { useFormat } from "@/i18n/useFormat";
import { formatContext } from "@/lib/context";
import { Button, ButtonLink } from "@/ui/Button";
import { MessageIcon } from "@/ui/icons";
import { Tabs } from "@/ui/Tabs";
import { DeploymentMenu } from "./DeploymentMenu";
import { DeploymentOperations } from "./DeploymentOperations";
import { Overview, OverviewAside } from "./Overview";
import { deploymentQuery, keysQuery } from "./queries";
import { Settings } from "./Settings";
import { isTroubled, StateNotice } from "./StateNotice";
import { useFix } from "./useFix";

/** Does it serve well? */
export function DeploymentPage() {
  const t = useTranslations("deployments");
  const { name = "" } = useParams({ strict: false });
  const query = useQuery(deploymentQuery(name));
  return (
    <QueryView query={query}>
      {(deployment) =>
        deployment ? (
          <Page deployment={deployment} />
        ) : (
          <PageFrame
            title={t("title")}
            place={name}
            crumbs={[{ label: t("title"), to: "/deployments" }]}
          >
            <Empty
              action={
                <ButtonLink to="/deployments" search={{}}>
                  {t("page.toList")}
                </ButtonLink>
              }
            >
              {t("page.notFound", { name })}
            </Empty>
          </PageFrame>
        )
      }
    </QueryView>
  );
}

function Page({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments");
  const [view, setView] = useView();
  const tab = view.tab ?? "overview";
  const mayChat = useMay("chat");
  const sentence = useSentence(deployment);
  const { fix, dialogs } = useFix(deployment);
  const tabs = (["overview", "settings", "operations"] as const).map((value) => ({
    value,
    label: t(`page.${value}`),
  }));
  return (
    <PageFrame
      title={deployment.name}
      place={deployment.name}
      crumbs={[
        { label: t("models"), to: "/models" },
        { label: t("title"), to: "/deployments" },
      ]}
      state={
        <>
          <StateBadge state={deployment.state} />
          {deployment.state !== "ready" && (
            <WhyButton
              subject="deployment"
              id={deployment.id}
              state={deployment.state}
              onFix={fix}
            />
          )}
        </>
      }
      tag={t("page.tag", {
        model: deployment.ai_model.name,
        context: formatContext(deployment.context_length),
      })}
      sentence={sentence}
      actions={
        <>
          <Button
            disabledReason={reasonAgainst(deployment, "change_deployment")}
            onClick={() => setView({ tab: "settings" })}
          >
            {t("page.change")}
          </Button>
          {mayChat && (
            <ButtonLink
              kind={isTroubled(deployment) ? "plain" : "go"}
              icon={MessageIcon}
              to="/chat"
              search={{ model: deployment.name }}
            >
              {t("page.tryIt")}
            </ButtonLink>
          )}
          <DeploymentMenu deployment={deployment} large />
        </>
      }
      tabs={<Tabs label={t("page.tabs")} tabs={tabs} value={tab} />}
      aside={tab === "overview" && <OverviewAside deployment={deployment} />}
    >
      {tab === "overview" && (
        <>
          <StateNotice deployment={deployment} onFix={fix} />
          <Overview deployment={deployment} />
        </>
      )}
      {tab === "settings" && <Settings deployment={deployment} />}
      {tab === "operations" && <DeploymentOperations deployment={deployment} />}
      {dialogs}
    </PageFrame>
  );
}

function useSentence(deployment: DeploymentOut): string {
  const t = useTranslations("deployments.page");
  const format = useFormat();
  const keys = useQuery({ ...keysQuery, retry: false }).data?.items;
  const mayCall = keys?.filter(
    (key) => key.state === "active" && (!key.models || key.models.includes(deployment.name)),
  );
  return [
    t("ready", {
      ready: String(deployment.ready_replicas),
      wanted: deployment.replica_count,
    }),
    deployment.last_used_at
      ? t("lastUsed", { moment: format.relative(deployment.last_used_at) })
      : t("neverUsed"),
    mayCall && t("keys", { count: mayCall.length }),
  ]
    .filter(Boolean)
    .join(" · ");
}
