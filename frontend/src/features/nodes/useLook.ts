import { useMutation } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { inspectNode } from "./data";

/** Reads a machine's hardware anew, as an operation that is announced. */
export function useLook(node: { id: number; name: string }) {
  const t = useTranslations("nodes.node");
  const announce = useAnnounceOperation();
  return useMutation({
    mutationFn: () => inspectNode(node.id),
    onSuccess: (operation) => announce(operation, t("lookTitle", { name: node.name })),
  });
}
