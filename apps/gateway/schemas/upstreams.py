from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.dataplane.circuits import CircuitReport
from apps.gateway.dataplane.snapshot import Spoken
from apps.gateway.models import Upstream
from apps.gateway.schemas.fields import Name, allowed_action

UpstreamKind = Literal["openai", "anthropic"]


class ListUpstreamsIn(LimitsIn):
    search: str = ""


class AddUpstreamIn(Schema):
    """`kind` fills in what is left out. `leaves_house` left out: yes, unless the address is one
    inside the network. `speaks` empty: whatever an OpenAI-compatible server speaks."""

    name: str = Name
    base_url: str = Field(min_length=1, max_length=500)
    api_key: str = Field("", max_length=2000)
    kind: UpstreamKind = "openai"
    speaks: list[Spoken] | None = None
    leaves_house: bool | None = None
    context_length: int | None = Field(None, ge=1, le=1_000_000_000)


class ChangeUpstreamIn(Schema):
    """Only what is sent is changed. An empty `api_key` takes the key away."""

    name: str = Field("", min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    base_url: str = Field("", min_length=1, max_length=500)
    api_key: str = Field("", max_length=2000)
    speaks: list[Spoken] = []
    leaves_house: bool = False
    context_length: int | None = Field(None, ge=1, le=1_000_000_000)


class UpstreamPresetOut(Schema):
    """What to begin with when a server of this kind is added."""

    kind: UpstreamKind
    label: str
    base_url: str
    speaks: list[Spoken]
    hint: str


class UpstreamPresetsOut(Schema):
    items: list[UpstreamPresetOut]


class CircuitOut(Schema):
    """A gateway process that passes this server over, because of what its own requests met."""

    process: str
    state: Literal["open", "half_open"]
    since: datetime
    cause: str
    reason: str
    probe_at: datetime | None


class UpstreamOut(Schema):
    """`models` and `latency_ms` are those of the last probe that was answered; `speaks_found` is
    what it seemed to speak then. `used_by` are the routes that lead there."""

    id: int
    name: str
    base_url: str
    has_api_key: bool
    speaks: list[Spoken]
    speaks_found: list[Spoken]
    leaves_house: bool
    context_length: int | None
    models: list[str]
    latency_ms: float | None
    used_by: list[str]
    circuits: list[CircuitOut]
    created_at: datetime
    probed_at: datetime | None
    state: Literal["unknown", "reachable", "unreachable"]
    state_reason: str
    state_since: datetime
    allowed_actions: list[AllowedActionOut]

    @staticmethod
    def resolve_has_api_key(upstream: Upstream) -> bool:
        return bool(upstream.sealed_key)

    @staticmethod
    def resolve_models(upstream: Upstream) -> list[str]:
        models: list[str] = upstream.models_found
        return models

    @staticmethod
    def resolve_circuits(upstream: Upstream) -> list[CircuitReport]:
        return getattr(upstream, "circuits", [])

    @staticmethod
    def resolve_used_by(upstream: Upstream) -> list[str]:
        return sorted({target.route.name for target in upstream.targets.all()})

    @staticmethod
    def resolve_state(upstream: Upstream) -> str:
        if upstream.probed_at is None:
            return "unknown"
        return "unreachable" if upstream.problem else "reachable"

    @staticmethod
    def resolve_state_reason(upstream: Upstream) -> str:
        return upstream.problem

    @staticmethod
    def resolve_state_since(upstream: Upstream) -> datetime:
        return upstream.state_since or upstream.probed_at or upstream.created_at

    @staticmethod
    def resolve_allowed_actions(upstream: Upstream, context: Any) -> list[dict[str, Any]]:
        in_use = "Routes lead there." if upstream.targets.all() else ""
        return [
            allowed_action(context, "probe_upstream", Permission.MANAGE_GATEWAY),
            allowed_action(context, "remove_upstream", Permission.MANAGE_GATEWAY, in_use),
            allowed_action(context, "change_upstream", Permission.MANAGE_GATEWAY),
        ]


class UpstreamProbeOut(Schema):
    """One time a server was asked for its models. `problem` is empty when it answered."""

    id: int
    at: datetime
    answered: bool
    latency_ms: float | None
    model_count: int
    problem: str

    @staticmethod
    def resolve_answered(probe: Any) -> bool:
        return not probe.problem
