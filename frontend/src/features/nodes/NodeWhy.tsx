import type { NodeOut } from "@/api/generated/schema";
import { WhyButton } from "@/components/WhyButton";
import { useLook } from "./useLook";

/** Why a machine is not well, with its fixes carried out. */
export function NodeWhy({ node }: { node: NodeOut }) {
  const look = useLook(node);
  return (
    <WhyButton
      subject="node"
      id={node.id}
      state={node.state}
      onFix={(action) => {
        if (action === "inspect_node") look.mutate();
      }}
    />
  );
}
