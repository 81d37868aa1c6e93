"""Every write about machines."""

import platform
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.events import publish
from apps.core.transitions import require_state_for, transition
from apps.nodes import queries
from apps.nodes.models import Node, NodeSample
from apps.nodes.states import NodeState, Power
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

INSPECT_NODE = "nodes.inspect_node"
SAMPLES_KEPT = timedelta(hours=24)


@transaction.atomic
def enrol_control_plane(*, team: Team, name: str = "") -> Node:
    """List the machine this control plane runs on, once. Calling it again changes nothing.

    The name is the host's unless one is given. Its hardware is read by an operation.
    """
    known = queries.find_control_plane_node()
    if known is not None:
        return known
    node = Node.objects.create(
        team=team,
        name=_free_name(team, name or platform.node().split(".")[0] or "this-machine"),
        address="127.0.0.1",
        is_control_plane=True,
        power=Power.ON,
        labels={"role": "control-plane"},
    )
    publish(subject=Node.SUBJECT, subject_id=str(node.pk), change="created", team_id=team.pk)
    transition(node, to=NodeState.READY, reason="Hearth itself runs on this machine.")
    _request_inspection(node, requested_by=None)
    return node


def _free_name(team: Team, wanted: str) -> str:
    taken = set(Node.objects.filter(team=team).values_list("name", flat=True))
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


@transaction.atomic
def inspect_node(*, node: Node, requested_by: User | None) -> Operation:
    """Read the machine's hardware anew. Raises InvalidTransition before it is ready."""
    require_state_for(node, "inspect_node")
    return _request_inspection(node, requested_by=requested_by)


def _request_inspection(node: Node, *, requested_by: User | None) -> Operation:
    return request_operation(
        kind=INSPECT_NODE,
        subject_type=Node.SUBJECT,
        subject_id=str(node.pk),
        subject_name=node.name,
        team=node.team,
        requested_by=requested_by,
        steps=[StepSpec("read_facts", "Read processor, memory, disks, network and cards")],
    )


@transaction.atomic
def record_facts(*, node: Node, facts: dict[str, Any]) -> None:
    """Store what the machine is made of, in the shape of `schemas.FactsOut`, and label it."""
    now = timezone.now()
    node.labels = {**node.labels, **automatic_labels(facts)}
    node.facts, node.facts_at, node.last_seen_at = facts, now, now
    node.save(update_fields=["facts", "facts_at", "last_seen_at", "labels", "updated_at"])
    _changed(node)


def automatic_labels(facts: dict[str, Any]) -> dict[str, str]:
    """Labels that follow from the hardware: what placement rules ask for most."""
    cpu = facts.get("cpu", {})
    return {
        "arch": cpu.get("architecture", ""),
        "cpu": cpu.get("level", ""),
        "gpu": "yes" if facts.get("gpus") else "no",
    }


@transaction.atomic
def record_sample(*, node: Node, sample: dict[str, Any]) -> NodeSample:
    """Store how busy the machine is now. `sample` has the columns of NodeSample."""
    now = timezone.now()
    row = NodeSample.objects.create(node=node, at=now, **sample)
    Node.objects.filter(pk=node.pk).update(last_seen_at=now)
    node.last_seen_at = now
    _changed(node)
    return row


def prune_samples() -> int:
    """Forget samples older than a day; how many there were."""
    deleted, _ = NodeSample.objects.filter(at__lt=timezone.now() - SAMPLES_KEPT).delete()
    return deleted


def _changed(node: Node) -> None:
    publish(subject=Node.SUBJECT, subject_id=str(node.pk), change="updated", team_id=node.team_id)
