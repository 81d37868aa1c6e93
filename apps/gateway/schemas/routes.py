from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.dataplane.errors import Cause
from apps.gateway.dataplane.snapshot import Affinity
from apps.gateway.models import Route, RouteTarget, RouteVersion
from apps.gateway.queries import RouteState, route_state
from apps.gateway.schemas.fields import ModelName, allowed_action


class ListRoutesIn(LimitsIn):
    search: str = ""


class TargetIn(Schema):
    """The name of an upstream or of a deployment; `model` is what the upstream calls it."""

    upstream: str | None = None
    deployment: str | None = None
    model: str | None = Field(None, max_length=200)
    weight: float = Field(1.0, ge=0, le=1_000_000, allow_inf_nan=False)


class FallbackIn(Schema):
    on: list[Cause] = Field(min_length=1)
    to: str = ModelName


class CreateRouteIn(Schema):
    """`aliases` are further names for the same. With `may_leave_house` requests may go to upstreams
    outside; without it such targets are refused. `note` says why, in the list of versions."""

    name: str = ModelName
    targets: list[TargetIn] = Field(min_length=1, max_length=50)
    fallbacks: list[FallbackIn] = Field([], max_length=20)
    aliases: list[Annotated[str, ModelName]] = Field([], max_length=20)
    affinity: Affinity = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = Field(None, ge=1, le=2_000_000_000)
    note: str = Field("", max_length=200)


class UpdateRouteIn(CreateRouteIn):
    """The whole route as it shall be. With `version`, the one that was edited, it is refused when
    somebody else has saved a newer one in between."""

    version: int | None = None


class TargetOut(Schema):
    upstream: str | None
    deployment: str | None
    model: str | None
    weight: float
    leaves_house: bool

    @staticmethod
    def resolve_upstream(target: RouteTarget) -> str | None:
        return None if target.upstream is None else target.upstream.name

    @staticmethod
    def resolve_deployment(target: RouteTarget) -> str | None:
        return None if target.deployment is None else target.deployment.name

    @staticmethod
    def resolve_model(target: RouteTarget) -> str | None:
        return target.model or None

    @staticmethod
    def resolve_leaves_house(target: RouteTarget) -> bool:
        return target.upstream is not None and target.upstream.leaves_house


class RouteOut(Schema):
    """`leaves_house`: a target of this route is a server outside. `state` is that of its targets:
    `degraded` when some do not answer, `unreachable` when none does."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    targets: list[TargetOut]
    fallbacks: list[FallbackIn]
    aliases: list[str]
    affinity: Affinity
    may_leave_house: bool
    leaves_house: bool
    max_output_tokens: int | None
    state: RouteState
    state_reason: str
    state_since: datetime
    allowed_actions: list[AllowedActionOut]

    @staticmethod
    def resolve_targets(route: Route) -> list[RouteTarget]:
        return list(route.targets.all())

    @staticmethod
    def resolve_leaves_house(route: Route) -> bool:
        return any(TargetOut.resolve_leaves_house(target) for target in route.targets.all())

    @staticmethod
    def resolve_state(route: Route) -> RouteState:
        return route_state(route)[0]

    @staticmethod
    def resolve_state_reason(route: Route) -> str:
        return route_state(route)[1]

    @staticmethod
    def resolve_state_since(route: Route) -> datetime:
        return route_state(route)[2]

    @staticmethod
    def resolve_allowed_actions(_route: Route, context: Any) -> list[dict[str, Any]]:
        return [
            allowed_action(context, action, Permission.MANAGE_GATEWAY)
            for action in ("delete_route", "update_route", "revert_route")
        ]


class RouteDocumentOut(Schema):
    """All of a route that an edit may change."""

    name: str
    aliases: list[str] = []
    targets: list[TargetIn]
    fallbacks: list[FallbackIn] = []
    affinity: Affinity = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = None


class RouteChangeOut(Schema):
    """One difference in words. `field` is the field of the route it is about."""

    field: str
    kind: Literal["added", "removed", "changed"]
    text: str


class RouteVersionOut(Schema):
    """A route as it was saved once; `changes` is what differs from the version before."""

    number: int
    made_at: datetime
    made_by: str | None
    note: str
    is_current: bool
    document: RouteDocumentOut
    changes: list[RouteChangeOut]

    @staticmethod
    def resolve_made_by(version: RouteVersion) -> str | None:
        return None if version.made_by is None else version.made_by.get_username()


class RouteVersionsOut(Schema):
    """Newest first."""

    items: list[RouteVersionOut]


class CompareVersionsIn(Schema):
    before: int
    after: int


class RouteComparisonOut(Schema):
    before: int
    after: int
    changes: list[RouteChangeOut]


class RevertRouteIn(Schema):
    version: int


class TestRouteIn(Schema):
    """Whose request to decide about, and of what size: `key_id` left out means the caller's own
    rights; `tokens` is the length of the prompt with the reply it leaves room for."""

    key_id: int | None = None
    tokens: int | None = Field(None, ge=1, le=1_000_000_000)


class CandidateOut(Schema):
    """One place a request could go to. `share` is the part of the requests, in percent, that it
    gets as first choice; `reasons` say why it is in, or why it is out."""

    target: str
    endpoint: str | None
    kind: Literal["deployment", "upstream"]
    node: str
    model: str | None
    weight: float
    share: float
    leaves_house: bool
    context_length: int | None
    usable: bool
    reasons: list[str]


class DecisionStepOut(Schema):
    """A route that is tried: the one asked for, or one that is fallen back to `on` these causes."""

    route: str
    on: list[Cause]
    after: str | None
    candidates: list[CandidateOut]
    outcome: str


class RouteDecisionOut(Schema):
    """What the gateway would do with a request now; nothing is sent.

    To see a real one, send it to /v1 with the header `x-hearth-trace: 1` and read the header of the
    same name in the reply.
    """

    route: str
    version: int
    allowed: bool
    sentence: str
    steps: list[DecisionStepOut]
