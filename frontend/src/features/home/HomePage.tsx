import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { deploymentsQuery, nodesQuery } from "@/api/fleet";
import { useMay } from "@/api/session";
import { statusQuery } from "@/api/status";
import { PageFrame } from "@/components/PageFrame";
import { countToFix } from "@/components/useStatusWords";
import { ButtonLink } from "@/ui/Button";
import { PlusIcon } from "@/ui/icons";
import { EndpointCard } from "./EndpointCard";
import { HearthCard } from "./HearthCard";
import { Notices } from "./Notices";
import { OkCard } from "./OkCard";
import { RunningCard } from "./RunningCard";
import { TokensCard } from "./TokensCard";

/** Is everything all right, and what now? */
export function HomePage() {
  const t = useTranslations("home");
  const mayDeploy = useMay("deploy");
  const status = useQuery(statusQuery).data;
  const nodes = useQuery(nodesQuery).data?.items;
  const deployments = useQuery(deploymentsQuery).data?.items;
  const answering = deployments?.filter((one) => ["ready", "degraded"].includes(one.state)).length;
  const isEmpty = deployments?.length === 0;
  const toFix = status ? countToFix(status) : 0;
  const verdict = status?.verdict ?? "unknown";

  return (
    <PageFrame
      title={
        verdict === "serving"
          ? t("verdict.serving", { count: toFix })
          : t(`verdict.${verdict === "works" || verdict === "not_serving" ? verdict : "unknown"}`)
      }
      place={t("title")}
      sentence={
        isEmpty
          ? t("nothingYet")
          : nodes &&
            t("summary", {
              ready: String(nodes.filter((node) => node.state === "ready").length),
              nodes: nodes.length,
              answering: answering ?? 0,
            })
      }
      actions={
        <>
          {isEmpty && <ButtonLink to="/welcome">{t("continueSetup")}</ButtonLink>}
          {mayDeploy && (
            <ButtonLink to="/models" kind="go" icon={PlusIcon}>
              {t("deploy")}
            </ButtonLink>
          )}
        </>
      }
      aside={
        <>
          <EndpointCard />
          <OkCard />
          <RunningCard />
        </>
      }
    >
      <Notices />
      <HearthCard />
      <TokensCard />
    </PageFrame>
  );
}
