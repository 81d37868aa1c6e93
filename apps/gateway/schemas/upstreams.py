from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.models import Upstream
from apps.gateway.schemas.fields import Name, allowed_action


class ListUpstreamsIn(LimitsIn):
    search: str = ""


class AddUpstreamIn(Schema):
    name: str = Name
    base_url: str = Field(min_length=1, max_length=500)
    api_key: str = Field("", max_length=2000)


class UpstreamOut(Schema):
    """`models` are those of the last probe that was answered."""

    id: int
    name: str
    base_url: str
    has_api_key: bool
    models: list[str]
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
    def resolve_state(upstream: Upstream) -> str:
        if upstream.probed_at is None:
            return "unknown"
        return "unreachable" if upstream.problem else "reachable"

    @staticmethod
    def resolve_state_reason(upstream: Upstream) -> str:
        return upstream.problem

    @staticmethod
    def resolve_state_since(upstream: Upstream) -> datetime:
        return upstream.probed_at or upstream.created_at

    @staticmethod
    def resolve_allowed_actions(upstream: Upstream, context: Any) -> list[dict[str, Any]]:
        in_use = "Routes lead there." if upstream.targets.all() else ""
        return [
            allowed_action(context, "probe_upstream", Permission.MANAGE_GATEWAY),
            allowed_action(context, "remove_upstream", Permission.MANAGE_GATEWAY, in_use),
        ]
