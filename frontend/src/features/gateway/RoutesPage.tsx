import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button, IconButton } from "@/ui/Button";
import { type Column, DataTable, NameCell } from "@/ui/DataTable";
import { PlusIcon, TrashIcon } from "@/ui/icons";
import { TableSkeleton } from "@/ui/Skeleton";
import { CreateRouteDialog } from "./CreateRouteDialog";
import { deleteRoute, routesQuery } from "./queries";
import { sharesOf } from "./routeDraft";

/** Where does a name lead? */
export function RoutesPage() {
  const t = useTranslations("gateway.routes");
  const tAll = useTranslations("gateway");
  const [view, setView] = useView();
  const mayManage = useMay("manage_gateway");
  const query = useQuery(routesQuery);
  const columns = useColumns();
  const add = mayManage && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "new-route" })}>
      {t("new")}
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
          items.length === 0 ? (
            <Empty action={add}>{t("empty")}</Empty>
          ) : (
            <DataTable label={t("title")} columns={columns} rows={items} rowKey={(row) => row.id} />
          )
        }
      </QueryView>
      {view.dialog === "new-route" && (
        <CreateRouteDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function useColumns(): Column<RouteOut>[] {
  const t = useTranslations("gateway.routes");
  const tCause = useTranslations("gateway.newRoute.cause");
  const format = useFormat();
  return [
    {
      key: "name",
      head: t("column.name"),
      phone: "name",
      cell: (row) => <NameCell name={row.name} />,
    },
    {
      key: "targets",
      head: t("column.targets"),
      phone: "number",
      cell: (row) => {
        const shares = sharesOf(row.targets);
        return row.targets
          .map((target, index) => {
            const place = target.deployment ?? target.upstream ?? "";
            const name = target.model ? `${place} (${target.model})` : place;
            return shares.length > 1 ? `${name} ${format.share(shares[index])}` : name;
          })
          .join(", ");
      },
    },
    {
      key: "fallbacks",
      head: t("column.fallbacks"),
      cell: (row) =>
        row.fallbacks.length === 0 ? (
          <span className="dim">{t("none")}</span>
        ) : (
          <span className="soft">
            {row.fallbacks
              .map((step) =>
                t("fallback", {
                  to: step.to,
                  on: step.on.map((cause) => tCause(cause)).join(", "),
                }),
              )
              .join("; ")}
          </span>
        ),
    },
    {
      key: "made",
      head: t("column.made"),
      align: "right",
      cell: (row) => <span className="dim xs">{format.moment(row.created_at)}</span>,
    },
    {
      key: "delete",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <DeleteRoute row={row} />,
    },
  ];
}

function DeleteRoute({ row }: { row: RouteOut }) {
  const t = useTranslations("gateway.routes");
  const queryClient = useQueryClient();
  const [asks, setAsks] = useState(false);
  const remove = useMutation({
    mutationFn: () => deleteRoute(row.id),
    onSuccess: () => {
      setAsks(false);
      void queryClient.invalidateQueries({ queryKey: ["route"] });
    },
  });
  return (
    <>
      <IconButton
        icon={TrashIcon}
        label={t("deleteLabel", { name: row.name })}
        disabledReason={reasonAgainst(row, "delete_route")}
        onClick={() => setAsks(true)}
      />
      <ConfirmDialog
        open={asks}
        onClose={() => setAsks(false)}
        title={t("deleteTitle", { name: row.name })}
        consequences={[t("deleteName", { name: row.name }), t("deleteTargets")]}
        confirm={t("deleteConfirm", { name: row.name })}
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      />
    </>
  );
}
