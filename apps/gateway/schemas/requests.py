from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from apps.core.schemas import LimitsIn
from apps.gateway import queries
from apps.gateway.models import UsageRecord
from apps.gateway.schemas.fields import Moment


class RequestFiltersIn(Schema):
    """`from` is included, `to` is not. `slow`: the first byte took five seconds or more.
    `search`: an id, or a model, route, server, node, key or error by its exact name."""

    begin: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")
    key_id: int | None = None
    user_id: int | None = None
    deployment_id: int | None = None
    model: str = ""
    route: str = ""
    node: str = ""
    served_by: str = ""
    endpoint: str = ""
    status: int | None = None
    error: str = ""
    failed: bool | None = None
    slow: bool | None = None
    fell_back: bool | None = None
    search: str = Field("", max_length=200)


class ListRequestsIn(LimitsIn, RequestFiltersIn):
    pass


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
    replica_id: str
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
    queue_position: int | None
    fallback_reason: str
    capped_to: int | None
    address: str

    @staticmethod
    def resolve_key(record: Any) -> str | None:
        name: str | None = record.key_name
        return name

    @staticmethod
    def resolve_user(record: Any) -> str | None:
        name: str | None = record.user_name
        return name

    @staticmethod
    def resolve_tokens_per_second(record: UsageRecord) -> float | None:
        """Of a stream, from its first byte on: of a plain reply that cannot be told."""
        seconds = (record.total_ms - record.first_byte_ms) / 1000
        if not record.streamed or seconds <= 0 or not record.completion_tokens:
            return None
        return round(record.completion_tokens / seconds, 2)


class StageOut(Schema):
    """A part of a request's time, in milliseconds from its beginning."""

    name: Literal["queue", "connect", "first_byte", "reply"]
    begin_ms: float
    ms: float


class DecisionOut(Schema):
    """A decision on a request's way: `at_ms` from its beginning, about what, how it went, why."""

    at_ms: float | None = None
    step: str
    target: str = ""
    outcome: str = ""
    reason: str = ""


class RequestDetailOut(RequestOut):
    """`trace` has the decisions on the way, oldest first; a request that simply went where it was
    meant to has none."""

    stages: list[StageOut]
    trace: list[DecisionOut]
    has_bodies: bool

    @staticmethod
    def resolve_stages(record: UsageRecord) -> list[dict[str, Any]]:
        return queries.waterfall_of(record)

    @staticmethod
    def resolve_trace(record: UsageRecord) -> list[dict[str, Any]]:
        return [each for each in record.trace if isinstance(each, dict) and "step" in each]

    @staticmethod
    def resolve_has_bodies(record: UsageRecord) -> bool:
        return queries.has_bodies(record=record)


class RequestBodiesOut(Schema):
    """What was asked and answered, as far as it was kept; the sizes are of the whole. `text` is
    what the reply says, put together."""

    request: str
    reply: str
    text: str
    request_bytes: int
    reply_bytes: int


REQUEST_SHEET = (
    "id", "at", "key", "user", "endpoint", "model", "route", "served_by", "node", "status",
    "error", "streamed", "prompt_tokens", "completion_tokens", "cached_tokens", "estimated",
    "queue_ms", "connect_ms", "first_byte_ms", "total_ms", "fallback_reason", "capped_to",
    "address",
)  # fmt: skip


def request_sheet_row(record: UsageRecord) -> list[Any]:
    """In the order of REQUEST_SHEET."""
    named = {"key": RequestOut.resolve_key(record), "user": RequestOut.resolve_user(record)}
    return [named[name] if name in named else getattr(record, name) for name in REQUEST_SHEET]
