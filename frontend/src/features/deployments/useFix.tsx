import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { DeploymentOut } from "@/api/generated/schema";
import { MoveDialogs, useMoves } from "./DeploymentMenu";

interface Fixing {
  /** Carries out a fix of *Why?* by the ordinary endpoint of its action. */
  fix: (action: string) => void;
  dialogs: ReactNode;
}

export function useFix(deployment: DeploymentOut): Fixing {
  const navigate = useNavigate();
  const moves = useMoves(deployment);
  const byAction: Record<string, () => void> = {
    start_deployment: () => moves.run("start"),
    restart_deployment: () => moves.run("restart"),
    stop_deployment: () => moves.ask("stop"),
    delete_deployment: () => moves.ask("delete"),
    change_deployment: () =>
      void navigate({
        to: "/deployments/$name",
        params: { name: deployment.name },
        search: { tab: "settings" },
      }),
  };
  return {
    fix: (action) => byAction[action]?.(),
    dialogs: <MoveDialogs deployment={deployment} moves={moves} />,
  };
}
