"""Where replicas would go. The preview and the deployment ask the same function."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.accounts.models import Team
from apps.models.fit import (
    Fit,
    MeasuredPeak,
    MemoryEstimate,
    NodeMemory,
    Shape,
    estimate_memory,
    fit_on_node,
    gigabytes,
)
from apps.models.gguf.facts import GGUFFacts
from apps.models.models import Deployment, MemoryMeasurement, Replica
from apps.models.queries.deployments import WantedDeployment
from apps.models.queries.expected_facts import known_facts
from apps.models.states.ai_models import AIModelState
from apps.models.states.deployments import ReplicaState
from apps.nodes import queries as node_queries
from apps.nodes.models import Node

_PART_TITLES = {"weights": "Weights", "kv": "Cache for the conversation", "compute": "Computing"}
_HOLDS_MEMORY = [
    ReplicaState.PENDING,
    ReplicaState.STARTING,
    ReplicaState.READY,
    ReplicaState.STOPPING,
    ReplicaState.LOST,
]


@dataclass(frozen=True)
class MemoryPart:
    """A share of an estimate. Bytes."""

    name: str
    title: str
    bytes: int


@dataclass(frozen=True)
class SuggestedChange:
    """A change that would make it fit. `changes` are fields of the deploy request."""

    sentence: str
    changes: dict[str, object]


@dataclass(frozen=True)
class NodeFit:
    """Whether one further replica fits on a node now. Bytes."""

    node: Node
    fits: bool
    sentence: str
    needed_bytes: int
    available_bytes: int
    spare_bytes: int
    measured_bytes: int | None
    parts: tuple[MemoryPart, ...]
    suggestions: tuple[SuggestedChange, ...]


@dataclass(frozen=True)
class Placement:
    """One replica's place; `estimated_bytes` is what it is promised there."""

    position: int
    node: Node
    estimated_bytes: int


@dataclass(frozen=True)
class Preview:
    """What deploying would do. `placements` is short of replicas when they do not all fit."""

    fits: bool
    sentence: str
    fix: str
    context_length: int
    slots: int
    kv_type: str
    nodes: tuple[NodeFit, ...]
    placements: tuple[Placement, ...]
    will_happen: tuple[str, ...]


@dataclass
class _Room:
    """A node while replicas are being dealt out to it."""

    node: Node
    memory: NodeMemory
    measured: MeasuredPeak | None
    fit: Fit

    def take(self, estimate: MemoryEstimate) -> int:
        needed = self.fit.needed_bytes
        self.memory = replace(self.memory, promised=self.memory.promised + needed)
        self.fit = fit_on_node(estimate, self.memory, self.measured)
        return needed


def preview_deployment(
    *, team: Team, wanted: WantedDeployment, replaces: Deployment | None = None, force: bool = False
) -> Preview:
    """Each node's fit, and a place for every replica: where most memory is free first.

    `replaces` is the deployment whose replicas would make way. With `force` a replica gets a place
    although the memory does not suffice.
    """
    facts = known_facts(wanted.ai_model)
    if facts is None:
        return _known_later(wanted)
    nodes = _eligible_nodes(team, wanted)
    estimate = estimate_memory(facts, _shape(wanted))
    rooms = [_room(node, wanted, estimate, replaces) for node in nodes]
    first_look = tuple(_node_fit(room) for room in rooms)
    placements = tuple(_deal_out(rooms, estimate, wanted.replica_count, force=force))
    placed = len(placements) == wanted.replica_count
    fits = placed and all(each.fits for each in first_look if each.node in _nodes(placements))
    return Preview(
        fits=fits,
        sentence=_sentence(wanted, first_look, placements),
        fix=_fix(first_look, placements),
        context_length=wanted.context_length,
        slots=wanted.slots,
        kv_type=wanted.kv_type,
        nodes=first_look,
        placements=placements,
        will_happen=tuple(_what_happens(wanted, placements, facts)),
    )


def _eligible_nodes(team: Team, wanted: WantedDeployment) -> list[Node]:
    nodes = [
        node
        for node in node_queries.list_ready_nodes(team=team).order_by("name")
        if all(node.labels.get(name) == value for name, value in wanted.node_labels.items())
    ]
    if wanted.runtime == "local":
        nodes = [node for node in nodes if node.is_control_plane]
    return nodes


def _known_later(wanted: WantedDeployment) -> Preview:
    """Of a file from anywhere nobody knows the shape before it is here: let it come first."""
    return Preview(
        fits=True,
        sentence="How it fits is known once its file is here.",
        fix="",
        context_length=wanted.context_length,
        slots=wanted.slots,
        kv_type=wanted.kv_type,
        nodes=(),
        placements=(),
        will_happen=(f"The file of {wanted.ai_model.name} comes first. Then a place is found.",),
    )


def _shape(wanted: WantedDeployment) -> Shape:
    return Shape(context_length=wanted.context_length, slots=wanted.slots, kv_type=wanted.kv_type)


def _room(
    node: Node, wanted: WantedDeployment, estimate: MemoryEstimate, replaces: Deployment | None
) -> _Room:
    memory = node_memory(node, replaces)
    measured = _measured(node, wanted)
    return _Room(node, memory, measured, fit_on_node(estimate, memory, measured))


def node_memory(node: Node, replaces: Deployment | None = None) -> NodeMemory:
    """What the node has free, from its newest sample; from its hardware when it has sent none."""
    sample = node_queries.find_latest_sample(node=node)
    total = sample.memory_total if sample else _known_total(node)
    available = sample.memory_available if sample else total
    held: dict[bool, list[int]] = defaultdict(lambda: [0, 0])
    for replica in Replica.objects.filter(node=node, state__in=_HOLDS_MEMORY):
        making_way = replaces is not None and replica.deployment_id == replaces.pk
        promised = max(replica.estimated_bytes or 0, replica.memory_bytes or 0)
        held[making_way][0] += promised
        held[making_way][1] += replica.memory_bytes or 0
    promised, resident = held[False]
    return NodeMemory(
        total=total,
        available=min(total, available + held[True][1]),
        promised=promised,
        resident=resident,
    )


def _known_total(node: Node) -> int:
    memory = node.facts.get("memory", {})
    return int(memory.get("limit_bytes") or memory.get("total_bytes") or 0)


def _measured(node: Node, wanted: WantedDeployment) -> MeasuredPeak | None:
    """The peak at exactly this shape if there is one, else the newest at any shape."""
    rows = MemoryMeasurement.objects.filter(sha256=wanted.ai_model.sha256, node=node)
    same = rows.filter(
        context_length=wanted.context_length, slots=wanted.slots, kv_type=wanted.kv_type
    ).first()
    row = same or rows.order_by("-updated_at").first()
    if row is None:
        return None
    return MeasuredPeak(
        shape=Shape(context_length=row.context_length, slots=row.slots, kv_type=row.kv_type),
        peak_bytes=row.peak_bytes,
    )


def _deal_out(
    rooms: Sequence[_Room], estimate: MemoryEstimate, count: int, *, force: bool
) -> list[Placement]:
    placements: list[Placement] = []
    for position in range(1, count + 1):
        room = max(rooms, key=lambda each: each.fit.spare_bytes, default=None)
        if room is None or not (room.fit.fits or force):
            break
        placements.append(Placement(position, room.node, room.take(estimate)))
    return placements


def _node_fit(room: _Room) -> NodeFit:
    estimate = room.fit.estimate
    return NodeFit(
        node=room.node,
        fits=room.fit.fits,
        sentence=room.fit.sentence,
        needed_bytes=room.fit.needed_bytes,
        available_bytes=room.fit.free_bytes,
        spare_bytes=room.fit.spare_bytes,
        measured_bytes=estimate.total if estimate.measured else None,
        parts=tuple(
            MemoryPart(name, title, getattr(estimate, name)) for name, title in _PART_TITLES.items()
        ),
        suggestions=tuple(
            SuggestedChange(f"{each.change[0].upper()}{each.change[1:]}", each.changes)
            for each in room.fit.suggestions
        ),
    )


def _nodes(placements: Sequence[Placement]) -> set[Node]:
    return {placement.node for placement in placements}


def _sentence(
    wanted: WantedDeployment, fits: Sequence[NodeFit], placements: Sequence[Placement]
) -> str:
    if not fits:
        return "No machine that is ready can take it."
    best = max(fits, key=lambda each: each.spare_bytes)
    if len(placements) >= wanted.replica_count or not placements:
        return f"{best.node.name}: {best.sentence}"
    return (
        f"There is room for {len(placements)} of {wanted.replica_count} replicas, "
        f"{gigabytes(best.needed_bytes)} each."
    )


def _fix(fits: Sequence[NodeFit], placements: Sequence[Placement]) -> str:
    if not fits:
        return "Look at Nodes: a machine has to be ready and carry the labels asked for."
    if placements:
        return "Ask for fewer replicas, or stop another deployment."
    best = max(fits, key=lambda each: each.spare_bytes)
    if best.suggestions:
        return f"{best.suggestions[0].sentence} would fit. You can also try anyway with `force`."
    return "Stop another deployment, choose a smaller model, or try anyway with `force`."


def _what_happens(
    wanted: WantedDeployment, placements: Sequence[Placement], facts: GGUFFacts
) -> list[str]:
    if not placements:
        return []
    names = sorted({placement.node.name for placement in placements})
    count = len(placements)
    size = wanted.ai_model.size_bytes or facts.weights_bytes
    said = [
        f"{count} model server{'s start' if count > 1 else ' starts'} on {', '.join(names)}.",
        f"Each loads {wanted.ai_model.name} ({gigabytes(size)}) and "
        f"serves {wanted.slots} request{'s' if wanted.slots > 1 else ''} at once with "
        f"{wanted.context_length:,} tokens of context.",
        f"After a first answer, {wanted.name or 'it'} is a model that every key of your team may "
        "use.",
    ]
    if wanted.ai_model.state != AIModelState.READY:
        said.insert(
            0, f"The file of {wanted.ai_model.name} comes first; the rest follows by itself."
        )
    if not wanted.keep_warm and wanted.idle_seconds:
        said.append(
            f"Unused for {_span(wanted.idle_seconds)}, it gives its memory back; the next request "
            "loads it again."
        )
    return said


def _span(seconds: int) -> str:
    for size, word in ((3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
