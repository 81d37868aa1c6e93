"""Machines for tests."""

from datetime import datetime
from itertools import count

from django.utils import timezone

from apps.accounts.models import Team
from apps.core.transitions import transition
from apps.nodes.models import Node, NodeSample
from apps.nodes.states import NodeState

GB = 1_000_000_000

_numbers = count(1)


def make_node(*, team: Team, state: str = NodeState.READY, **given: object) -> Node:
    """A machine with 16 GB that is ready unless another state is asked for."""
    number = next(_numbers)
    node = Node.objects.create(
        **{
            "team": team,
            "name": f"node-{number}",
            "address": f"192.0.2.{number % 250}",
            "facts": {
                "cpu": {"model": "Testchip", "architecture": "x86_64", "threads": 4},
                "memory": {"total_bytes": 16 * GB},
            },
            **given,
        }
    )
    if state != NodeState.ENROLLED:
        transition(node, to=state)
    return node


def make_sample(*, node: Node, at: datetime | None = None, **given: object) -> NodeSample:
    """A moment with half the memory free."""
    return NodeSample.objects.create(
        **{
            "node": node,
            "at": at or timezone.now(),
            "cpu_share": 0.25,
            "load_1m": 1.0,
            "memory_total": 16 * GB,
            "memory_available": 8 * GB,
            "disk_total": 100 * GB,
            "disk_free": 60 * GB,
            **given,
        }
    )
