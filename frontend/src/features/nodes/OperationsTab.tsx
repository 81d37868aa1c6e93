import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { NodeOut } from "@/api/generated/schema";
import { Empty } from "@/components/Empty";
import { OperationTable } from "@/components/operation/OperationTable";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { TableSkeleton } from "@/ui/Skeleton";
import { nodeOperationsQuery } from "./data";

/** The long work that was about this machine. */
export function OperationsTab({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.today");
  const query = useQuery(nodeOperationsQuery(node.id));
  const now = useTick(1000, query.data?.items.some((row) => row.state === "running") ?? false);
  return (
    <QueryView query={query} skeleton={<TableSkeleton />}>
      {(page) =>
        page.items.length === 0 ? (
          <Empty>{t("none")}</Empty>
        ) : (
          <OperationTable operations={page.items} now={now} />
        )
      }
    </QueryView>
  );
}
