import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { deleteAIModel, verifyAIModel } from "@/api/aiModels";
import type { AiModelOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { useProblemWords } from "@/components/ProblemNotice";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useFormat } from "@/i18n/useFormat";
import { CheckIcon, RetryIcon, TrashIcon } from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { showToast } from "@/ui/toasts";
import { useFetchAgain } from "./useFetchAgain";

interface ModelMenuProps {
  aiModel: AiModelOut;
  title: string;
  large?: boolean;
}

/** What else can be done with a model's file: verify it, delete it. */
export function ModelMenu({ aiModel, title, large }: ModelMenuProps) {
  const t = useTranslations("models");
  const format = useFormat();
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const [asks, setAsks] = useState(false);
  const verify = useMutation({
    mutationFn: () => verifyAIModel(aiModel.id),
    onSuccess: (operation) => announce(operation, titleOf(operation)),
    onError: () => showToast({ tone: "bad", text: problem.detail || problem.title }),
  });
  const remove = useMutation({
    mutationFn: () => deleteAIModel(aiModel.id),
    onSuccess: (operation) => {
      setAsks(false);
      announce(operation, titleOf(operation));
    },
  });
  const problem = useProblemWords(verify.error);
  const fetchAgain = useFetchAgain(aiModel);
  const againstFetch = reasonAgainst(aiModel, "fetch_ai_model");
  const againstVerify = reasonAgainst(aiModel, "verify_ai_model");
  const againstDelete = reasonAgainst(aiModel, "delete_ai_model");
  return (
    <>
      <Menu
        size={large ? "md" : "sm"}
        label={t("more", { name: title })}
        items={[
          {
            label: t("page.fetchAgain"),
            icon: RetryIcon,
            disabledReason: againstFetch,
            onSelect: () => fetchAgain.mutate(),
          },
          {
            label: t("page.verify"),
            icon: CheckIcon,
            disabledReason: againstVerify,
            onSelect: () => verify.mutate(),
          },
          {
            label: t("page.delete"),
            icon: TrashIcon,
            danger: true,
            disabledReason: againstDelete,
            onSelect: () => setAsks(true),
          },
        ]}
      />
      <ConfirmDialog
        open={asks}
        onClose={() => setAsks(false)}
        title={t("remove.title", { name: aiModel.name })}
        consequences={[
          t("remove.row", { name: aiModel.name }),
          t("remove.blob", { size: format.bytes(aiModel.size_bytes) }),
          t("remove.again"),
        ]}
        confirm={t("remove.confirm", { name: aiModel.name })}
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      />
    </>
  );
}
