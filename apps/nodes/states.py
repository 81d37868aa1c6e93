from django.db.models import TextChoices

from apps.core.permissions import Permission
from apps.core.state_machine import ActionRule, StateMachine


class NodeState(TextChoices):
    """enrolled --user--> provisioning --job--> ready --user--> draining --job--> drained

    provisioning, draining --job--> failed --user--> provisioning
    ready --sync--> unreachable --sync--> ready;   the control plane's own machine is ready at once
    every resting state --user--> retired
    """

    ENROLLED = "enrolled"
    PROVISIONING = "provisioning"
    READY = "ready"
    DRAINING = "draining"
    DRAINED = "drained"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    RETIRED = "retired"


NODE_STATES = StateMachine(
    initial=NodeState.ENROLLED,
    transitions={
        NodeState.ENROLLED: frozenset({NodeState.PROVISIONING, NodeState.READY, NodeState.RETIRED}),
        NodeState.PROVISIONING: frozenset({NodeState.READY, NodeState.FAILED}),
        NodeState.READY: frozenset(
            {
                NodeState.PROVISIONING,
                NodeState.DRAINING,
                NodeState.UNREACHABLE,
                NodeState.RETIRED,
            }
        ),
        NodeState.DRAINING: frozenset({NodeState.DRAINED, NodeState.FAILED}),
        NodeState.DRAINED: frozenset({NodeState.READY, NodeState.RETIRED}),
        NodeState.UNREACHABLE: frozenset({NodeState.READY, NodeState.RETIRED}),
        NodeState.FAILED: frozenset({NodeState.PROVISIONING, NodeState.RETIRED}),
        NodeState.RETIRED: frozenset(),
    },
)

NODE_ACTIONS = {
    "inspect_node": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({NodeState.READY, NodeState.DRAINED, NodeState.UNREACHABLE}),
        otherwise="The machine can be looked at once it is ready.",
    ),
}


class Power(TextChoices):
    """Beside the state, not in it: a sleeping node is ready and asleep."""

    ON = "on"
    ASLEEP = "asleep"
    OFF = "off"
    UNKNOWN = "unknown"
