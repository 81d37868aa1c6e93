import { useMutation, useQueryClient } from "@tanstack/react-query";
import { fetchAIModel } from "@/api/aiModels";
import type { AiModelOut } from "@/api/generated/schema";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { showToast } from "@/ui/toasts";

/** Brings the file of a failed model again, from where it came. */
export function useFetchAgain(aiModel: AiModelOut) {
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => fetchAIModel(aiModel.id),
    onSuccess: (operation) => {
      announce(operation, titleOf(operation));
      void queryClient.invalidateQueries({ queryKey: ["ai_model"] });
    },
    onError: (error) => showToast({ tone: "bad", text: error.message }),
  });
}
