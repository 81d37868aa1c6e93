/** Dialogs that open on any page: the address names them, so links and Back work everywhere. */
import { lazy, Suspense } from "react";
import { useView } from "./components/useView";

const DeployDialog = lazy(async () => ({
  default: (await import("./features/deployments/DeployDialog")).DeployDialog,
}));

export function Dialogs() {
  const [view] = useView();
  if (view.dialog !== "deploy") return null;
  return (
    <Suspense>
      <DeployDialog />
    </Suspense>
  );
}
