"""Deployments and their replicas over HTTP. Sizes are bytes, times of day are UTC."""

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from apps.core.schemas import LimitsIn, StatefulOut
from apps.models.models import Deployment, Replica
from apps.models.states.deployments import ReplicaState

KvType = Literal["f16", "q8_0", "q4_0"]
LARGEST_CONTEXT = 1_048_576


class DeploymentIn(Schema):
    """What to serve, and how. `ai_model` is the name or the id of an AI model.

    `context_length` is in tokens per request slot; without it, the model's own up to 4,096.
    `idle_seconds` counts only without `keep_warm`. `force` deploys although the estimate says that
    the memory does not suffice.
    """

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")
    ai_model: str | int
    replicas: int = Field(1, ge=1, le=16)
    runtime: Literal["local"] = "local"
    context_length: int | None = Field(None, ge=64, le=LARGEST_CONTEXT)
    slots: int = Field(2, ge=1, le=64)
    kv_type: KvType = "f16"
    threads: int | None = Field(None, ge=1, le=512)
    node_labels: dict[str, str] = {}
    keep_warm: bool = True
    idle_seconds: int | None = Field(None, ge=5, le=604_800)
    force: bool = False


class PreviewIn(DeploymentIn):
    """The same body; a preview does not need a name yet."""

    name: str = Field("", max_length=100)


class DeploymentChangesIn(Schema):
    """Only the fields that are sent change."""

    replicas: int | None = Field(None, ge=1, le=16)
    context_length: int | None = Field(None, ge=64, le=LARGEST_CONTEXT)
    slots: int | None = Field(None, ge=1, le=64)
    kv_type: KvType | None = None
    threads: int | None = Field(None, ge=1, le=512)
    keep_warm: bool | None = None
    idle_seconds: int | None = Field(None, ge=5, le=604_800)
    force: bool = False


class ListDeploymentsIn(LimitsIn):
    state: str | None = None
    search: str = ""


class NamedOut(Schema):
    id: int
    name: str


class ExitOut(Schema):
    """One end of a model server. `said` is a sentence, `lines` the last of its log."""

    at: datetime
    code: int | None = None
    signal: str | None = None
    said: str
    last_line: str = ""
    lines: list[str] = []
    ran_seconds: float | None = None


class ReplicaOut(StatefulOut):
    """One running copy. `estimated_bytes` was promised, `measured_peak_bytes` was seen."""

    id: int
    position: int
    node: NamedOut
    estimated_bytes: int | None
    memory_bytes: int | None
    measured_peak_bytes: int | None
    restarts: int
    exits: list[ExitOut]
    started_at: datetime | None
    ready_at: datetime | None


class DeploymentOut(StatefulOut):
    id: int
    name: str
    ai_model: NamedOut
    runtime: str
    replica_count: int
    ready_replicas: int
    context_length: int
    slots: int
    kv_type: str
    threads: int | None
    node_labels: dict[str, str]
    keep_warm: bool
    idle_seconds: int | None
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime
    replicas: list[ReplicaOut]

    @staticmethod
    def resolve_replicas(row: Deployment) -> list[Replica]:
        return sorted(row.replicas.all(), key=lambda replica: replica.position)

    @staticmethod
    def resolve_ready_replicas(row: Deployment) -> int:
        return sum(replica.state == ReplicaState.READY for replica in row.replicas.all())


class MemoryPartOut(Schema):
    """One share of an estimate: weights, KV cache, compute buffer, …"""

    name: str
    title: str
    bytes: int


class SuggestionOut(Schema):
    """A change that would make it fit; `changes` are fields of the deploy request."""

    sentence: str
    changes: dict[str, Any] = {}


class NodeFitOut(Schema):
    """Whether one replica fits on one node now."""

    node: NamedOut
    fits: bool
    sentence: str
    needed_bytes: int
    available_bytes: int
    spare_bytes: int
    measured_bytes: int | None = None
    parts: list[MemoryPartOut] = []
    suggestions: list[SuggestionOut] = []


class PlacementOut(Schema):
    position: int
    node: NamedOut


class PreviewOut(Schema):
    """What deploying would do. `will_happen` are sentences in order."""

    fits: bool
    sentence: str
    context_length: int
    slots: int
    kv_type: str
    nodes: list[NodeFitOut]
    placements: list[PlacementOut]
    will_happen: list[str]


class ReplicaLogLineOut(Schema):
    sequence: int
    at: datetime
    text: str


class ReplicaLogOut(Schema):
    """Lines after `after`; `first_sequence` is the oldest one still kept."""

    items: list[ReplicaLogLineOut]
    first_sequence: int
    last_sequence: int


class ReplicaLogIn(Schema):
    after: int = Field(0, ge=0)
    limit: int = Field(500, ge=1, le=5000)
