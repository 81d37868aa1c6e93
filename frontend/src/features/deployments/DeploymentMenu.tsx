import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { DeploymentOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useFormat } from "@/i18n/useFormat";
import { type IconType, PlayIcon, RetryIcon, SquareIcon, TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { showToast } from "@/ui/toasts";
import { deleteDeployment, moveDeployment, type Verb } from "./queries";

type Asked = "stop" | "delete" | null;

interface Moves {
  run: (verb: Verb) => void;
  /** Opens the dialog that says what it costs. */
  ask: (what: Asked) => void;
  asked: Asked;
  moving: ReturnType<typeof useMutation<unknown, Error, Verb>>;
  removing: ReturnType<typeof useMutation<void, Error, void>>;
}

/** Start, stop, restart and delete of one deployment, from wherever they are offered. */
export function useMoves(deployment: DeploymentOut, goesAway?: boolean): Moves {
  const t = useTranslations("deployments.confirm");
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [asked, ask] = useState<Asked>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["deployment"] });
  const moving = useMutation<unknown, Error, Verb>({
    mutationFn: async (verb) => {
      const operation = await moveDeployment(deployment.id, verb);
      announce(operation, titleOf(operation));
    },
    onSuccess: () => {
      ask(null);
      void refresh();
    },
    onError: (error, verb) => {
      if (verb !== "stop") showToast({ tone: "bad", text: error.message });
    },
  });
  const removing = useMutation<void, Error, void>({
    mutationFn: () => deleteDeployment(deployment.id),
    onSuccess: () => {
      ask(null);
      showToast({ tone: "good", text: t("deleted", { name: deployment.name }) });
      if (goesAway) void navigate({ to: "/deployments", search: {} });
      void refresh();
    },
  });
  return { run: (verb) => moving.mutate(verb), ask, asked, moving, removing };
}

export function MoveDialogs({ deployment, moves }: { deployment: DeploymentOut; moves: Moves }) {
  const t = useTranslations("deployments.confirm");
  const format = useFormat();
  const { name } = deployment;
  const held = deployment.replicas.reduce((sum, replica) => sum + (replica.memory_bytes ?? 0), 0);
  return (
    <>
      <ConfirmDialog
        open={moves.asked === "stop"}
        onClose={() => moves.ask(null)}
        title={t("stopTitle", { name })}
        consequences={[
          t("stopRequests", { name }),
          t("stopRunning"),
          ...(held > 0 ? [t("stopMemory", { size: format.bytes(held) })] : []),
        ]}
        confirm={t("stop", { name })}
        onConfirm={() => moves.run("stop")}
        busy={moves.moving.isPending}
        error={moves.moving.error}
      />
      <ConfirmDialog
        open={moves.asked === "delete"}
        onClose={() => moves.ask(null)}
        title={t("deleteTitle", { name })}
        consequences={[t("deleteRow", { name }), t("deleteFile")]}
        confirm={t("delete", { name })}
        onConfirm={() => moves.removing.mutate()}
        busy={moves.removing.isPending}
        error={moves.removing.error}
      />
    </>
  );
}

interface DeploymentMenuProps {
  deployment: DeploymentOut;
  large?: boolean;
}

export function DeploymentMenu({ deployment, large }: DeploymentMenuProps) {
  const t = useTranslations("deployments");
  const moves = useMoves(deployment, large);
  const items: [string, IconType, string, () => void][] = [
    ["start_deployment", PlayIcon, t("verb.start"), () => moves.run("start")],
    ["restart_deployment", RetryIcon, t("verb.restart"), () => moves.run("restart")],
    ["stop_deployment", SquareIcon, t("verb.stop"), () => moves.ask("stop")],
    ["delete_deployment", TrashIcon, t("verb.delete"), () => moves.ask("delete")],
  ];
  return (
    <>
      <Menu
        size={large ? "md" : "sm"}
        label={t("more", { name: deployment.name })}
        items={items.map(([action, icon, label, run]) => ({
          label,
          icon,
          danger: action === "delete_deployment",
          disabledReason: reasonAgainst(deployment, action),
          onSelect: run,
        }))}
      />
      <MoveDialogs deployment={deployment} moves={moves} />
    </>
  );
}
