"""What requests have cost, from the sums of whole hours; rows only where a span cuts an hour."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.gateway.models import ApiKey
from apps.gateway.queries.usage_sql import HOUR_KINDS, HOUR_SUMS, hours_of
from apps.models.models import Deployment

GroupBy = Literal[
    "key", "user", "team", "model", "route", "deployment", "node", "served_by", "endpoint",
    "status", "hour", "day", "month",
]  # fmt: skip
Interval = Literal["hour", "day", "month"]

_HOUR = timedelta(hours=1)
GROUPS: dict[str, str] = {
    "key": "key_id",
    "user": "user_id",
    "team": "team_id",
    "deployment": "deployment_id",
    **{name: name for name in ("model", "route", "node", "served_by", "endpoint", "status")},
    "hour": "hour",
    "day": "date_trunc('day', hour, 'UTC')",
    "month": "date_trunc('month', hour, 'UTC')",
}
_NAMED: dict[str, tuple[type[Model], str]] = {
    "key": (ApiKey, "name"),
    "user": (User, "username"),
    "team": (Team, "name"),
    "deployment": (Deployment, "name"),
}
FILTERS = (
    "key_id", "user_id", "deployment_id", "model", "route", "node", "served_by", "endpoint",
    "status",
)  # fmt: skip


@dataclass(frozen=True)
class UsageSpan:
    """Whose requests of which time. `begin` is included, `end` is not; None: no bound there.

    A request of a key that keeps no log is known by its hour alone, and counts as made at the
    beginning of it. None in a filter: all of them.
    """

    team: Team
    begin: datetime | None = None
    end: datetime | None = None
    key_id: int | None = None
    user_id: int | None = None
    deployment_id: int | None = None
    model: str | None = None
    route: str | None = None
    node: str | None = None
    served_by: str | None = None
    endpoint: str | None = None
    status: int | None = None

    def of(self, user: User | None) -> "UsageSpan":
        """The same for one person alone; None: for everybody."""
        return self if user is None else replace(self, user_id=user.pk)


Sums = list[tuple[tuple[Any, ...], tuple[Any, ...]]]  # the values of a group, and its HOUR_SUMS


def group_usage(
    *, span: UsageSpan, group_by: GroupBy, interval: Interval | None = None
) -> list[dict[str, Any]]:
    """Sums per group, most tokens first; by time, oldest first.

    Each is `{group_by: label, "group_id", "requests", "failed", "estimated", "fell_back",
    "capped", "prompt_tokens", "completion_tokens", "cached_tokens", "queue_ms", "first_byte_ms",
    "total_ms", "tokens_per_second"}`; the times are means of what did not fail, in milliseconds.
    With an interval there is one for each group and interval, and `at` says when it began.
    """
    return items_of(sums_by(span, group_by, interval), group_by, interval)


def sums_by(span: UsageSpan, group_by: str | None, interval: str | None) -> Sums:
    groups = [GROUPS[each] for each in (group_by, interval) if each is not None]
    return [(row[: len(groups)], row[len(groups) :]) for row in _sums(span, groups)]


def items_of(sums: Sums, group_by: str, interval: str | None) -> list[dict[str, Any]]:
    """As `group_usage` gives them."""
    labels = labels_of(group_by, [values[0] for values, _ in sums])
    items = [
        {
            group_by: labels.get(values[0]),
            "group_id": plain(values[0]),
            **({"at": values[1]} if interval else {}),
            **item_of(of_group),
        }
        for values, of_group in sums
    ]
    if interval:
        return sorted(items, key=lambda item: item["at"])
    if group_by in ("hour", "day", "month"):
        return sorted(items, key=lambda item: str(item["group_id"]))
    return sorted(items, key=lambda item: (-item["prompt_tokens"], -item["requests"]))


def total_of(sums: Sums) -> tuple[Any, ...]:
    """HOUR_SUMS of all groups together."""
    columns = zip(*(of_group for _, of_group in sums), strict=True)
    return tuple(sum(value or 0 for value in column) for column in columns) or (0,) * len(HOUR_SUMS)


def item_of(sums: Sequence[Any]) -> dict[str, Any]:
    """HOUR_SUMS as a person wants them: times as means."""
    given = dict(zip(HOUR_SUMS, (value or 0 for value in sums), strict=True))
    answered = given["requests"] - given["failed"]
    tokens, milliseconds = given.pop("stream_tokens"), given.pop("stream_ms")
    for name in ("queue_ms", "connect_ms", "first_byte_ms", "total_ms"):
        given[name] = given[name] / answered if answered else None
    speed = tokens / (milliseconds / 1000) if milliseconds else None
    return {**given, "tokens_per_second": speed}


def _sums(span: UsageSpan, groups: list[str]) -> list[tuple[Any, ...]]:
    """Rows of the groups' values and HOUR_SUMS."""
    parts, values = zip(*_parts(span), strict=True)
    sums = ", ".join(f"sum({name}){_kind_of(name)}" for name in HOUR_SUMS)
    grouped = f" GROUP BY {', '.join(str(n + 1) for n in range(len(groups)))}" if groups else ""
    statement = (
        f"SELECT {', '.join([*groups, sums])}"  # noqa: S608 - names of ours
        f" FROM ({' UNION ALL '.join(parts)}) AS hours{grouped}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for each in values for value in each])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _kind_of(name: str) -> str:
    return "" if name.endswith("_ms") else "::bigint"


def _parts(span: UsageSpan) -> Iterator[tuple[str, list[Any]]]:
    """The statements that together have every request of the span once, and their values."""
    span = _where_rows_are(span)
    columns = ", ".join((*HOUR_KINDS, *HOUR_SUMS))
    where, values = conditions(span)
    first, last = _whole_hours(span)
    bounds = [(sign, at) for sign, at in ((">=", first), ("<", last)) if at is not None]
    hours = "".join(f" AND hour {sign} %s" for sign, _ in bounds)
    whole = f"SELECT {columns} FROM gateway_usagehour WHERE {where}"  # noqa: S608
    yield whole + hours, [*values, *(at for _, at in bounds)]
    for begin, end in _broken_hours(span, first, last):
        rows = (
            "(SELECT *, true AS logged FROM gateway_usagerecord"
            " WHERE team_id = %s AND at >= %s AND at < %s) AS rows"
        )
        broken = f"SELECT {columns} FROM ({hours_of(rows)}) AS broken WHERE {where}"  # noqa: S608
        yield broken, [span.team.pk, begin, end, *values]
        if begin == _hour_of(begin):
            yield f"{whole} AND NOT logged AND hour = %s", [*values, begin]


def conditions(span: UsageSpan) -> tuple[str, list[Any]]:
    """What a WHERE says about the team and the filters, and its values."""
    given = [(name, getattr(span, name)) for name in FILTERS]
    chosen = [(name, value) for name, value in given if value is not None]
    where = " AND ".join(["team_id = %s", *(f"{name} = %s" for name, _ in chosen)])
    return where, [span.team.pk, *(value for _, value in chosen)]


def _where_rows_are(span: UsageSpan) -> UsageSpan:
    """Where rows have been dropped, the span begins and ends with whole hours."""
    kept_since = timezone.now() - timedelta(days=settings.REQUEST_DAYS)
    if span.begin is not None and span.begin < kept_since:
        span = replace(span, begin=_hour_of(span.begin))
    if span.end is not None and span.end < kept_since:
        span = replace(span, end=_hour_of(span.end))
    return span


def _whole_hours(span: UsageSpan) -> tuple[datetime | None, datetime | None]:
    """The hours that lie wholly in the span. One that is still going on ends with the span."""
    first = last = None
    if span.begin is not None:
        first = _hour_of(span.begin)
        first = first if first == span.begin else first + _HOUR
    if span.end is not None and span.end < timezone.now():
        last = _hour_of(span.end)
        last = last if first is None else max(first, last)
    return first, last


def _broken_hours(
    span: UsageSpan, first: datetime | None, last: datetime | None
) -> Iterator[tuple[datetime, datetime]]:
    """The pieces of hours at the two ends of the span."""
    if span.begin is not None and first is not None and span.begin < first:
        yield span.begin, first if span.end is None else min(first, span.end)
    if span.end is not None and last is not None and last < span.end:
        yield last, span.end


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def plain(group: Any) -> Any:
    """A group as JSON has it."""
    return group.isoformat() if isinstance(group, datetime) else group


def labels_of(group_by: str, groups: Iterable[Any]) -> dict[Any, Any]:
    """What a person calls each of these groups; what is gone is called by its number."""
    known = {group for group in groups if group is not None}
    if group_by not in _NAMED:
        return {group: plain(group) for group in known}
    table, column = _NAMED[group_by]
    names = dict(table._default_manager.filter(pk__in=known).values_list("pk", column))
    return {group: names.get(group, f"{group_by} {group}") for group in known}
