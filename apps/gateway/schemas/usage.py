from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from apps.core.schemas import LimitsIn
from apps.gateway.models import UsageRecord
from apps.gateway.queries import GroupBy


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
