import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { UpstreamOut } from "@/api/generated/schema";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { showToast } from "@/ui/toasts";
import { probeUpstream, removeUpstream } from "./queries";

/** A probe as an operation, with a word about it. */
export function useProbe(row: UpstreamOut) {
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  return useMutation({
    mutationFn: () => probeUpstream(row.id),
    onSuccess: (operation) => announce(operation, titleOf(operation)),
    onError: (error) => showToast({ tone: "bad", text: error.message }),
  });
}

export function useRemove(row: UpstreamOut, onRemoved: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => removeUpstream(row.id),
    onSuccess: () => {
      onRemoved();
      void queryClient.invalidateQueries({ queryKey: ["upstream", "list"] });
    },
  });
}
