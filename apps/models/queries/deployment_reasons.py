"""Why a deployment is as it is, and the ways out."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from apps.core.models import StateChange
from apps.core.permissions import Permission
from apps.core.transitions import why_not
from apps.models.models import Deployment, Replica
from apps.models.states.deployments import DeploymentState, ReplicaState

CHANGES_SHOWN = 8

_EFFECTS = {
    "start_deployment": ("Start it", "The model is loaded and requests are let in."),
    "restart_deployment": (
        "Restart it",
        "Every replica stops and starts again, one after the other.",
    ),
    "stop_deployment": ("Stop it", "Its memory becomes free and requests are turned away."),
    "change_deployment": (
        "Change it",
        "Fewer slots or a shorter context take less memory.",
    ),
    "delete_deployment": ("Delete it", "The deployment is forgotten; the model's file stays."),
}
_NEXT = {
    DeploymentState.PENDING: "A worker takes it up, or it fails at the deadline.",
    DeploymentState.DEPLOYING: "It becomes ready with its first answer, or fails at the deadline.",
    DeploymentState.DEGRADED: "Replicas that ended are started again by themselves.",
    DeploymentState.ASLEEP: "The next request loads it.",
    DeploymentState.STOPPING: "It is stopped within seconds, or fails at the deadline.",
}
_USUAL_CAUSE = {
    DeploymentState.READY: "Every replica answers.",
    DeploymentState.STOPPED: "Somebody stopped it.",
    DeploymentState.ASLEEP: "Nobody used it for a while, so its memory was given back.",
}


def why_deployment(
    *, deployment: Deployment, permissions: AbstractSet[Permission]
) -> dict[str, Any]:
    """The shape of core.schemas.WhyOut."""
    said = _NEXT.get(DeploymentState(deployment.state))
    return {
        "cause": deployment.state_reason
        or _USUAL_CAUSE.get(DeploymentState(deployment.state), f"It is {deployment.state}."),
        "evidence": [*_seen_of_replicas(deployment), *_changes(deployment)],
        "next": {"text": said, "at": deployment.state_deadline} if said else None,
        "fixes": [_fix(deployment, action, permissions) for action in _EFFECTS],
    }


def _seen_of_replicas(deployment: Deployment) -> Iterator[dict[str, Any]]:
    for replica in deployment.replicas.all():
        link = f"/deployments/{deployment.pk}/replicas/{replica.position}"
        if replica.state != ReplicaState.READY:
            yield {"at": replica.state_since, "text": _about(replica), "link": link}
        for end in reversed(replica.exits):
            last = f" It last wrote: {end['last_line']}" if end.get("last_line") else ""
            yield {
                "at": end["at"],
                "text": f"Replica {replica.position}: {end['said']}{last}",
                "link": link,
            }


def _about(replica: Replica) -> str:
    reason = f": {replica.state_reason}" if replica.state_reason else "."
    return f"Replica {replica.position} on {replica.node.name} is {replica.state}{reason}"


def _changes(deployment: Deployment) -> Iterator[dict[str, Any]]:
    rows = StateChange.objects.filter(subject="deployment", subject_id=str(deployment.pk))
    for row in rows.order_by("-pk")[:CHANGES_SHOWN]:
        reason = f": {row.reason}" if row.reason else ""
        yield {"at": row.at, "text": f"{row.from_state} → {row.to_state}{reason}", "link": ""}


def _fix(
    deployment: Deployment, action: str, permissions: AbstractSet[Permission]
) -> dict[str, Any]:
    label, effect = _EFFECTS[action]
    reason = why_not(deployment, action, permissions)
    return {
        "action": action,
        "label": label,
        "effect": effect,
        "allowed": reason is None,
        "reason": reason,
    }
