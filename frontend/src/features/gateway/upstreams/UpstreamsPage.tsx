import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { upstreamsQuery } from "@/api/fleet";
import type { UpstreamOut } from "@/api/generated/schema";
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
import { AddUpstreamDialog } from "./AddUpstreamDialog";
import { useUpstreamColumns } from "./upstreamColumns";

/** With fewer than these there is nothing to look for. */
const SEARCHED_FROM = 6;

/** Other servers that may answer, here or elsewhere. */
export function UpstreamsPage() {
  const t = useTranslations("upstreams");
  const tAll = useTranslations("gateway");
  const [view, setView] = useView();
  const mayManage = useMay("manage_gateway");
  const query = useQuery(upstreamsQuery);
  const add = mayManage && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "add-upstream" })}>
      {t("addOne")}
    </Button>
  );
  return (
    <PageFrame
      title={t("title")}
      place={t("title")}
      crumbs={[{ label: tAll("title") }]}
      sentence={t("sentence")}
      actions={add}
    >
      <QueryView query={query} skeleton={<TableSkeleton rows={3} />}>
        {({ items }) =>
          items.length === 0 ? <Empty action={add}>{t("empty")}</Empty> : <Upstreams rows={items} />
        }
      </QueryView>
      {view.dialog === "add-upstream" && (
        <AddUpstreamDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function Upstreams({ rows }: { rows: readonly UpstreamOut[] }) {
  const t = useTranslations("upstreams");
  const [view, setView] = useView();
  const columns = useUpstreamColumns();
  const wanted = (view.q ?? "").trim().toLowerCase();
  const shown = rows.filter((row) =>
    [row.name, row.base_url, ...row.models].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <>
      {(rows.length >= SEARCHED_FROM || wanted) && (
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
