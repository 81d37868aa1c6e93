from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.dataplane.errors import Cause
from apps.gateway.models import Route, RouteTarget
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
    name: str = ModelName
    targets: list[TargetIn] = Field(min_length=1, max_length=50)
    fallbacks: list[FallbackIn] = Field([], max_length=20)


class TargetOut(Schema):
    upstream: str | None
    deployment: str | None
    model: str | None
    weight: float

    @staticmethod
    def resolve_upstream(target: RouteTarget) -> str | None:
        return None if target.upstream is None else target.upstream.name

    @staticmethod
    def resolve_deployment(target: RouteTarget) -> str | None:
        return None if target.deployment is None else target.deployment.name

    @staticmethod
    def resolve_model(target: RouteTarget) -> str | None:
        return target.model or None


class RouteOut(Schema):
    id: int
    name: str
    created_at: datetime
    targets: list[TargetOut]
    fallbacks: list[FallbackIn]
    state: Literal["active"] = "active"
    state_reason: str = ""
    state_since: datetime
    allowed_actions: list[AllowedActionOut]

    @staticmethod
    def resolve_targets(route: Route) -> list[RouteTarget]:
        return list(route.targets.all())

    @staticmethod
    def resolve_state_since(route: Route) -> datetime:
        return route.created_at

    @staticmethod
    def resolve_allowed_actions(_route: Route, context: Any) -> list[dict[str, Any]]:
        return [allowed_action(context, "delete_route", Permission.MANAGE_GATEWAY)]
