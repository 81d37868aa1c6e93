import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { deploymentsQuery } from "@/api/fleet";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { ButtonLink } from "@/ui/Button";
import { CardSkeleton } from "@/ui/Skeleton";
import { routeByNameQuery } from "./queries";
import { RouteEditor } from "./RouteEditor";

/** Where does this name lead, what happens when that fails, and what would a change do? */
export function RoutePage() {
  const t = useTranslations("routes");
  const tGateway = useTranslations("gateway");
  const { name = "" } = useParams({ strict: false });
  const query = useQuery(routeByNameQuery(name));
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const crumbs = [{ label: tGateway("title") }, { label: t("list.title"), to: "/routes" }];
  if (query.data) return <RouteEditor key={query.data.id} route={query.data} crumbs={crumbs} />;
  if (query.data === null) {
    const isDeployment = deployments.some((one) => one.name === name);
    return (
      <PageFrame
        title={isDeployment ? name : t("page.missing", { name })}
        place={name}
        crumbs={crumbs}
        sentence={isDeployment ? t("page.isDeployment") : t("page.missingSentence")}
        actions={
          isDeployment ? (
            <ButtonLink to="/deployments/$name" params={{ name }} search={{}}>
              {t("page.openDeployment")}
            </ButtonLink>
          ) : (
            <ButtonLink to="/routes" search={{}}>
              {t("page.back")}
            </ButtonLink>
          )
        }
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={name} place={name} crumbs={crumbs}>
      <QueryView query={query} skeleton={<CardSkeleton lines={8} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}
