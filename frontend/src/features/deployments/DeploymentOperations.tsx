import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { Empty } from "@/components/Empty";
import { OperationTable } from "@/components/operation/OperationTable";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { TableSkeleton } from "@/ui/Skeleton";
import { operationsOf } from "./queries";

/** Everything long that was done to it. */
export function DeploymentOperations({ deployment }: { deployment: DeploymentOut }) {
  const t = useTranslations("deployments.operationsTab");
  const query = useQuery(operationsOf(deployment.id));
  const now = useTick(1000);
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={4} />}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty>{t("empty")}</Empty>
        ) : (
          <OperationTable operations={items} now={now} />
        )
      }
    </QueryView>
  );
}
