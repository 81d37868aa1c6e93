import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { aiModelsQuery, catalogueQuery } from "@/api/aiModels";
import { Empty } from "@/components/Empty";
import { QueryView } from "@/components/QueryView";
import { useView } from "@/components/useView";
import { Dialog } from "@/ui/Dialog";
import { DeployForm } from "./DeployForm";
import { deploymentsQuery } from "./queries";
import { findTarget } from "./target";

const WIDTH = 1060;

/** Opens wherever the address says `?dialog=deploy&model=…`. */
export function DeployDialog() {
  const t = useTranslations("deployments.deploy");
  const [view, setView] = useView();
  const catalogue = useQuery(catalogueQuery);
  const aiModels = useQuery(aiModelsQuery);
  const deployments = useQuery(deploymentsQuery);
  const name = view.model ?? "";

  function close() {
    setView({ dialog: undefined, model: undefined, version: undefined });
  }

  if (catalogue.data && aiModels.data && deployments.data) {
    const target = findTarget(name, catalogue.data.items, aiModels.data.items);
    if (target) {
      return (
        <DeployForm
          key={target.name}
          target={target}
          takenNames={deployments.data.items.map((row) => row.name)}
          askedVersion={view.version}
          width={WIDTH}
          onClose={close}
        />
      );
    }
  }
  return (
    <Dialog open onClose={close} title={t("titleUnknown")} width={WIDTH}>
      <QueryView query={catalogue}>
        {() => (
          <QueryView query={aiModels}>
            {() => (
              <QueryView query={deployments}>
                {() => <Empty>{t("notFound", { name })}</Empty>}
              </QueryView>
            )}
          </QueryView>
        )}
      </QueryView>
    </Dialog>
  );
}
