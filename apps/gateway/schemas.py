"""Keys, upstreams, routes and usage over HTTP."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.utils import timezone
from ninja import Schema
from pydantic import Field, field_validator

from apps.core.permissions import Permission
from apps.core.schemas import AllowedActionOut, LimitsIn
from apps.gateway.dataplane.errors import Cause
from apps.gateway.models import ApiKey, Route, RouteTarget, Upstream, UsageRecord
from apps.gateway.queries import GroupBy

Name = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
ModelName = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")


def _action(context: Any, name: str, permission: Permission, otherwise: str = "") -> dict[str, Any]:
    """One entry of `allowed_actions` for the caller; `otherwise` says why the row forbids it."""
    may = context["request"].caller.may(permission)
    reason = otherwise or ("" if may else f"Your role may not: {permission.label}.")
    return {"action": name, "allowed": not reason, "reason": reason or None}


# -- keys


class ListKeysIn(LimitsIn):
    search: str = ""
    revoked: bool | None = None


class IssueKeyIn(Schema):
    name: str = Name
    models: list[str] | None = Field(None, max_length=200)  # leave out for all of the team's
    expires_at: datetime | None = None
    limits: dict[str, int] | None = None

    @field_validator("limits")
    @classmethod
    def promise_nothing(cls, limits: dict[str, int] | None) -> None:
        """A limit that is taken and not kept would be worse than none."""
        if limits:
            raise ValueError("Keys carry no limits; leave `limits` out")


class KeyOut(Schema):
    id: int
    name: str
    prefix: str
    owner: str
    models: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    state: Literal["active", "expired", "revoked"]
    state_reason: str
    state_since: datetime
    allowed_actions: list[AllowedActionOut]

    @staticmethod
    def resolve_owner(key: ApiKey) -> str:
        return key.owner.get_username()

    @staticmethod
    def resolve_models(key: ApiKey) -> list[str] | None:
        models: list[str] | None = key.allowed_models
        return models

    @staticmethod
    def resolve_state(key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"

    @staticmethod
    def resolve_state_reason(key: ApiKey) -> str:
        return {
            "active": "",
            "expired": "Its time is over.",
            "revoked": "It was revoked.",
        }[KeyOut.resolve_state(key)]

    @staticmethod
    def resolve_state_since(key: ApiKey) -> datetime:
        if key.revoked_at is not None:
            return key.revoked_at
        expired = key.expires_at is not None and key.expires_at <= timezone.now()
        return key.expires_at if expired and key.expires_at is not None else key.created_at

    @staticmethod
    def resolve_allowed_actions(key: ApiKey, context: Any) -> list[dict[str, Any]]:
        revoked = "" if key.revoked_at is None else "It is already revoked."
        return [_action(context, "revoke_key", Permission.USE_OWN_KEYS, revoked)]


class IssuedKeyOut(KeyOut):
    """The only answer that carries the secret."""

    secret: str


class TicketOut(Schema):
    ticket: str
    expires_at: datetime


# -- upstreams


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
            _action(context, "probe_upstream", Permission.MANAGE_GATEWAY),
            _action(context, "remove_upstream", Permission.MANAGE_GATEWAY, in_use),
        ]


# -- routes


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
        return [_action(context, "delete_route", Permission.MANAGE_GATEWAY)]


# -- usage


class UsageIn(Schema):
    """`from` is included, `to` is not."""

    group_by: GroupBy = "key"
    begin: datetime | None = Field(None, alias="from")
    end: datetime | None = Field(None, alias="to")


class UsageGroupOut(Schema):
    """One group. Of the first ten fields the one asked for is there; milliseconds are means."""

    key: str | None = None
    user: str | None = None
    team: str | None = None
    model: str | None = None
    node: str | None = None
    served_by: str | None = None
    endpoint: str | None = None
    status: int | None = None
    hour: str | None = None
    day: str | None = None
    group_id: int | str | None = None
    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    first_byte_ms: float | None = None
    total_ms: float | None = None


class UsageOut(Schema):
    items: list[UsageGroupOut]


class ListRequestsIn(LimitsIn):
    key_id: int | None = None
    model: str = ""
    failed: bool | None = None


class RequestOut(Schema):
    """One request. `status` 499 means that the client left; times are milliseconds."""

    id: UUID
    at: datetime
    key_id: int | None
    key: str | None
    user: str | None
    endpoint: str
    model: str
    route: str
    served_by: str
    node: str
    deployment_id: int | None
    upstream_id: int | None
    status: int
    error: str
    streamed: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    estimated: bool
    queue_ms: float
    connect_ms: float
    first_byte_ms: float
    total_ms: float
    tokens_per_second: float | None

    @staticmethod
    def resolve_key(record: UsageRecord) -> str | None:
        return None if record.key is None else record.key.name

    @staticmethod
    def resolve_user(record: UsageRecord) -> str | None:
        return None if record.user is None else record.user.get_username()

    @staticmethod
    def resolve_tokens_per_second(record: UsageRecord) -> float | None:
        """Of a stream, from its first byte on: of a plain reply that cannot be told."""
        seconds = (record.total_ms - record.first_byte_ms) / 1000
        if not record.streamed or seconds <= 0 or not record.completion_tokens:
            return None
        return round(record.completion_tokens / seconds, 2)
