import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Empty } from "@/components/Empty";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { type Column, DataTable, NameCell } from "@/ui/DataTable";
import { PlusIcon, RetryIcon, TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { TableSkeleton } from "@/ui/Skeleton";
import { showToast } from "@/ui/toasts";
import { AddUpstreamDialog } from "./AddUpstreamDialog";
import { leavesTheHouse } from "./address";
import styles from "./gateway.module.css";
import { probeUpstream, removeUpstream, upstreamsQuery } from "./queries";

/** Other servers that may answer, here or elsewhere. */
export function UpstreamsPage() {
  const t = useTranslations("gateway.upstreams");
  const tAll = useTranslations("gateway");
  const [view, setView] = useView();
  const mayManage = useMay("manage_gateway");
  const query = useQuery(upstreamsQuery);
  const columns = useColumns();
  const add = mayManage && (
    <Button kind="go" icon={PlusIcon} onClick={() => setView({ dialog: "add-upstream" })}>
      {t("add")}
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
      {view.dialog === "add-upstream" && (
        <AddUpstreamDialog onClose={() => setView({ dialog: undefined })} />
      )}
    </PageFrame>
  );
}

function useColumns(): Column<UpstreamOut>[] {
  const t = useTranslations("gateway.upstreams");
  const format = useFormat();
  return [
    {
      key: "name",
      head: t("column.name"),
      phone: "name",
      cell: (row) => <NameCell name={row.name} note={row.base_url} mono />,
    },
    {
      key: "where",
      head: t("column.where"),
      cell: (row) =>
        leavesTheHouse(row.base_url) ? (
          <span className="tag ember">{t("leaves")}</span>
        ) : (
          <span className="tag">{t("stays")}</span>
        ),
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (row) => <UpstreamState row={row} />,
    },
    {
      key: "models",
      head: t("column.models"),
      phone: "number",
      cell: (row) =>
        row.models.length === 0 ? (
          <span className="dim">·</span>
        ) : (
          <span className={`soft clip ${styles.models}`} title={row.models.join(", ")}>
            {t("models", { count: row.models.length })}: {row.models.join(", ")}
          </span>
        ),
    },
    {
      key: "key",
      head: t("column.key"),
      cell: (row) => (
        <span className="soft xs">{row.has_api_key ? t("hasKey") : t("hasNoKey")}</span>
      ),
    },
    {
      key: "probed",
      head: t("column.probed"),
      align: "right",
      cell: (row) => (
        <span className="dim xs">
          {row.probed_at ? format.relative(row.probed_at) : t("notProbed")}
        </span>
      ),
    },
    {
      key: "more",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      width: 50,
      phone: "action",
      cell: (row) => <UpstreamMenu row={row} />,
    },
  ];
}

function UpstreamState({ row }: { row: UpstreamOut }) {
  const t = useTranslations("gateway.upstreams");
  if (row.state === "reachable") return <StateBadge bare state="ready" label={t("answers")} />;
  if (row.state === "unknown") return <StateBadge bare state="unknown" label={t("unknown")} />;
  return (
    <span title={row.state_reason}>
      <StateBadge bare state="unreachable" label={t("silent")} />
      <small className="dim break">{row.state_reason}</small>
    </span>
  );
}

function UpstreamMenu({ row }: { row: UpstreamOut }) {
  const t = useTranslations("gateway.upstreams");
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const queryClient = useQueryClient();
  const [asks, setAsks] = useState(false);
  const probe = useMutation({
    mutationFn: () => probeUpstream(row.id),
    onSuccess: (operation) => announce(operation, titleOf(operation)),
    onError: (error) => showToast({ tone: "bad", text: error.message }),
  });
  const remove = useMutation({
    mutationFn: () => removeUpstream(row.id),
    onSuccess: () => {
      setAsks(false);
      void queryClient.invalidateQueries({ queryKey: ["upstream"] });
    },
  });
  const againstProbe = reasonAgainst(row, "probe_upstream");
  const againstRemove = reasonAgainst(row, "remove_upstream");
  return (
    <>
      <Menu
        label={t("more", { name: row.name })}
        items={[
          {
            label: t("probe"),
            icon: RetryIcon,
            disabledReason: againstProbe,
            onSelect: () => probe.mutate(),
          },
          {
            label: t("remove"),
            icon: TrashIcon,
            danger: true,
            disabledReason: againstRemove,
            onSelect: () => setAsks(true),
          },
        ]}
      />
      <ConfirmDialog
        open={asks}
        onClose={() => setAsks(false)}
        title={t("removeTitle", { name: row.name })}
        consequences={[t("removeModels", { count: row.models.length }), t("removeKey")]}
        confirm={t("removeConfirm", { name: row.name })}
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      />
    </>
  );
}
