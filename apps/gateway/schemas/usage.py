from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from apps.gateway.queries import GroupBy, Interval, Step
from apps.gateway.schemas.fields import Moment


class UsageSpanIn(Schema):
    """`from` is included, `to` is not; a `to` within the last minute means now. Filters that are
    left out take everything."""

    begin: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")
    key_id: int | None = None
    user_id: int | None = None
    deployment_id: int | None = None
    model: str | None = None
    route: str | None = None
    node: str | None = None
    served_by: str | None = None
    endpoint: str | None = None
    status: int | None = None


class UsageIn(UsageSpanIn):
    group_by: GroupBy = "key"
    interval: Interval | None = None  # with it, one item for each group and interval


class UsageSumsOut(Schema):
    """Milliseconds are means of what did not fail; percentiles are right to about a tenth and left
    out where a question tells keys, people, endpoints or statuses apart. `estimated` counts the
    requests whose tokens were derived from what passed through."""

    requests: int
    failed: int
    estimated: int
    fell_back: int
    capped: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    queue_ms: float | None = None
    connect_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    first_byte_p50: float | None = None
    first_byte_p95: float | None = None
    total_p50: float | None = None
    total_p95: float | None = None
    tokens_per_second: float | None = None  # of one stream


class UsageGroupOut(UsageSumsOut):
    """One group. Of the first fields the one asked for is there; `at` with an interval."""

    key: str | None = None
    user: str | None = None
    team: str | None = None
    model: str | None = None
    route: str | None = None
    deployment: str | None = None
    node: str | None = None
    served_by: str | None = None
    endpoint: str | None = None
    status: int | None = None
    hour: str | None = None
    day: str | None = None
    month: str | None = None
    group_id: int | str | None = None
    at: datetime | None = None


class UsageKeptOut(Schema):
    """For how long what is kept: days of single requests and of their words, months of sums."""

    request_days: int
    body_days: int
    usage_months: int


class UsageOut(Schema):
    items: list[UsageGroupOut]
    total: UsageSumsOut
    kept: UsageKeptOut


class SeriesIn(UsageSpanIn):
    """`top` groups have a series of their own, the rest is one together."""

    step: Step = "hour"
    group_by: Literal[
        "key", "user", "model", "route", "deployment", "node", "served_by", "endpoint", "status"
    ] = "model"
    top: int = Field(5, ge=1, le=20)


class SumsOverTimeOut(Schema):
    """One number for each step. Tokens per second are of all requests together."""

    requests: list[int]
    failed: list[int]
    prompt_tokens: list[int]
    completion_tokens: list[int]
    cached_tokens: list[int]
    tokens_per_second: list[float]
    first_byte_ms: list[float | None]
    first_byte_p95: list[float | None]


class SeriesOut(SumsOverTimeOut):
    name: str
    group_id: int | str | None = None
    rest: bool


class UsageSeriesOut(Schema):
    """`times` are the beginnings of the steps, oldest first and without gaps."""

    times: list[datetime]
    series: list[SeriesOut]
    total: SumsOverTimeOut


USAGE_SHEET = (
    "at", "group_id", "requests", "failed", "estimated", "fell_back", "capped", "prompt_tokens",
    "completion_tokens", "cached_tokens", "queue_ms", "connect_ms", "first_byte_ms", "total_ms",
    "tokens_per_second",
)  # fmt: skip


def usage_sheet(items: list[dict[str, Any]], group_by: str) -> list[list[Any]]:
    """The rows of a table, its head first."""
    names = (group_by, *USAGE_SHEET)
    return [list(names), *([item.get(name) for name in names] for item in items)]
