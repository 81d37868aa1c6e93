import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { routesQuery } from "@/api/fleet";
import type { RouteOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { Empty, NoMatch } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { DataTable } from "@/ui/DataTable";
import { PlusIcon } from "@/ui/icons";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { NewRouteDialog } from "./NewRouteDialog";
import { useRouteColumns } from "./routeColumns";

/** With fewer than these there is nothing to look for. */
const SEARCHED_FROM = 6;

/** Where does a name lead? */
export function RoutesPage() {
  const t = useTranslations("routes");
  const tGateway = useTranslations("gateway");
  const [view, setView] = useView();
  const mayManage = useMay("manage_gateway");
  const query = useQuery(routesQuery);
  const add = mayManage && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "new-route" })}>
      {t("list.new")}
    </Button>
  );
  return (
    <PageFrame
      title={t("list.title")}
      place={t("list.title")}
      crumbs={[{ label: tGateway("title") }]}
      sentence={t("list.sentence")}
      actions={add}
    >
      <QueryView query={query} skeleton={<TableSkeleton rows={3} />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty action={add}>{t("list.empty")}</Empty>
          ) : (
            <Routes routes={items} />
          )
        }
      </QueryView>
      {view.dialog === "new-route" && (
        <NewRouteDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function Routes({ routes }: { routes: readonly RouteOut[] }) {
  const t = useTranslations("routes.list");
  const [view, setView] = useView();
  const columns = useRouteColumns();
  const wanted = (view.q ?? "").trim().toLowerCase();
  const shown = routes.filter((route) => wordsOf(route).some((word) => word.includes(wanted)));
  return (
    <>
      {(routes.length >= SEARCHED_FROM || wanted) && (
        <div className="row end">
          <SearchInput
            value={view.q ?? ""}
            onChange={(q) => setView({ q: q || undefined })}
            placeholder={t("search")}
            width={250}
          />
        </div>
      )}
      {shown.length === 0 ? (
        <NoMatch filter={view.q ?? ""} onClear={() => setView({ q: undefined })} />
      ) : (
        <DataTable label={t("title")} columns={columns} rows={shown} rowKey={(row) => row.id} />
      )}
    </>
  );
}

function wordsOf(route: RouteOut): string[] {
  const places = route.targets.map((target) => target.deployment ?? target.upstream ?? "");
  const following = route.fallbacks.map((step) => step.to);
  return [route.name, ...route.aliases, ...places, ...following].map((word) => word.toLowerCase());
}
