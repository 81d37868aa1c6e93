"""Every read about machines."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Max, Min, Prefetch, QuerySet
from django.db.models.expressions import Func, Value
from django.db.models.fields import DateTimeField, DurationField
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.core.models import StateChange
from apps.core.permissions import Permission
from apps.core.transitions import why_not
from apps.nodes.models import Node, NodeSample
from apps.nodes.states import NodeState

RECENT = timedelta(seconds=60)  # a sample older than this says nothing about now
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.get_fixed_timezone(0))


def list_nodes(*, team: Team, state: str | None = None, search: str = "") -> QuerySet[Node]:
    """The team's machines that are not retired, each with its newest sample.

    Every node carries `recent_samples`, newest first, at most one minute old.
    """
    nodes = Node.objects.filter(team=team).prefetch_related(
        Prefetch(
            "samples",
            queryset=NodeSample.objects.filter(at__gt=timezone.now() - RECENT).order_by("-at"),
            to_attr="recent_samples",
        )
    )
    nodes = nodes.filter(state=state) if state else nodes.exclude(state=NodeState.RETIRED)
    return nodes.filter(name__icontains=search) if search else nodes


def get_node(*, team: Team, node_id: int) -> Node:
    """Raises NotFound."""
    node = list_nodes(team=team).filter(pk=node_id).first()
    if node is None:
        raise NotFound(f"There is no node {node_id} in your team.")
    return node


def get_node_of_operation(*, node_id: str) -> Node:
    """The machine an operation works on, whatever its team. Raises NotFound."""
    node = Node.objects.filter(pk=int(node_id)).first()
    if node is None:
        raise NotFound("The machine this operation was for is no longer listed.")
    return node


def find_control_plane_node() -> Node | None:
    """The machine this control plane runs on, once it has enrolled itself."""
    return Node.objects.filter(is_control_plane=True).first()


def list_ready_nodes(*, team: Team) -> QuerySet[Node]:
    return list_nodes(team=team, state=NodeState.READY)


def find_latest_sample(*, node: Node) -> NodeSample | None:
    """The newest sample, or None when the last minute brought none."""
    return (
        NodeSample.objects.filter(node=node, at__gt=timezone.now() - RECENT).order_by("-at").first()
    )


def why_node(*, node: Node, permissions: AbstractSet[Permission]) -> dict[str, Any]:
    """Why the machine is in its state, from the log of moves and the newest sample."""
    sample = find_latest_sample(node=node)
    moves = StateChange.objects.filter(subject=Node.SUBJECT, subject_id=str(node.pk))
    evidence: list[dict[str, Any]] = [
        {
            "at": move.at,
            "text": f"{move.from_state} → {move.to_state}. {move.reason}".strip(),
            "link": f"/nodes/{node.pk}",
        }
        for move in moves.order_by("-id")[:5]
    ]
    evidence.insert(0, _last_seen(node, sample))
    refused = why_not(node, "inspect_node", permissions)
    return {
        "cause": node.state_reason or f"{node.name} is {node.get_state_display().lower()}.",
        "evidence": evidence,
        "next": {"text": "The machine is looked at every 10 seconds."},
        "fixes": [
            {
                "action": "inspect_node",
                "label": "Look again",
                "effect": "Reads processor, memory, disks, network and cards anew.",
                "allowed": refused is None,
                "reason": refused,
            }
        ],
    }


def _last_seen(node: Node, sample: NodeSample | None) -> dict[str, Any]:
    if sample is None:
        text = "Nothing was heard from it in the last minute."
        return {"at": node.last_seen_at, "text": text, "link": f"/nodes/{node.pk}"}
    free, total = sample.memory_available / 1e9, sample.memory_total / 1e9
    text = f"{free:.1f} of {total:.1f} GB memory free, load {sample.load_1m:.2f}."
    return {"at": sample.at, "text": text, "link": f"/nodes/{node.pk}"}


def thinned_samples(*, node: Node, seconds: int, points: int) -> dict[str, Any]:
    """The node's last `seconds` in at most `points` buckets: `{"items", "bucket_seconds"}`.

    Processor figures are means; memory and disk are the least free of each bucket, because that is
    what decides whether something fits.
    """
    bucket = max(10, -(-seconds // points))
    rows = (
        NodeSample.objects.filter(node=node, at__gt=timezone.now() - timedelta(seconds=seconds))
        .annotate(bucket=_bucket(bucket))
        .values("bucket")
        .annotate(
            mean_cpu=Avg("cpu_share"),
            mean_load=Avg("load_1m"),
            most_memory=Max("memory_total"),
            least_available=Min("memory_available"),
            most_disk=Max("disk_total"),
            least_free=Min("disk_free"),
        )
        .order_by("bucket")
    )
    return {"items": [_sample(row) for row in rows], "bucket_seconds": bucket}


def _bucket(seconds: int) -> Func:
    return Func(
        Value(timedelta(seconds=seconds), output_field=DurationField()),
        "at",
        Value(EPOCH, output_field=DateTimeField()),
        function="date_bin",
        output_field=DateTimeField(),
    )


def _sample(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": row["bucket"],
        "cpu_share": row["mean_cpu"],
        "load_1m": row["mean_load"],
        "memory_total": row["most_memory"],
        "memory_available": row["least_available"],
        "disk_total": row["most_disk"],
        "disk_free": row["least_free"],
    }
