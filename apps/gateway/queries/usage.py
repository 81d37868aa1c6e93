"""What requests have cost, from the sums of whole days and hours; rows only where a span cuts an
hour."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.db.models import Model

from apps.accounts.models import Team, User
from apps.gateway.models import ApiKey
from apps.gateway.queries.usage_span import (
    UsageSpan,
    as_kept,
    broken_hours,
    conditions,
    hour_of,
    pieces,
    whole_hours,
)
from apps.gateway.queries.usage_sql import DAYS, HOURS, SUMS, SumTable, sums_of
from apps.models.models import Deployment

GroupBy = Literal[
    "key", "user", "team", "model", "route", "deployment", "node", "served_by", "endpoint",
    "status", "hour", "day", "month",
]  # fmt: skip
Interval = Literal["hour", "day", "month"]

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

GroupSums = list[tuple[tuple[Any, ...], tuple[Any, ...]]]  # the values of a group, and its SUMS


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


def sums_by(span: UsageSpan, group_by: str, interval: str | None) -> GroupSums:
    asked = [each for each in (group_by, interval) if each is not None]
    parts, values = zip(*_parts(span, by_hour="hour" in asked), strict=True)
    groups = [GROUPS[each] for each in asked]
    sums = [f"sum({name}){'' if name.endswith('_ms') else '::bigint'}" for name in SUMS]
    positions = ", ".join(str(number + 1) for number in range(len(groups)))
    statement = (
        f"SELECT {', '.join([*groups, *sums])}"  # noqa: S608 - names of ours
        f" FROM ({' UNION ALL '.join(parts)}) AS parts GROUP BY {positions}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for each in values for value in each])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [(row[: len(groups)], row[len(groups) :]) for row in rows]


def _parts(span: UsageSpan, *, by_hour: bool) -> Iterator[tuple[str, list[Any]]]:
    """The statements that together have every request of the span once, and their values."""
    span = as_kept(span)
    where, values = conditions(span)
    for unit, begin, end in pieces(*whole_hours(span), by_hour=by_hour):
        table = HOURS if unit == "hour" else DAYS
        bounds = [(sign, at) for sign, at in ((">=", begin), ("<", end)) if at is not None]
        within = "".join(f" AND {unit} {sign} %s" for sign, _ in bounds)
        yield _whole(table, where + within), [*values, *(at for _, at in bounds)]
    for begin, end in broken_hours(span):
        rows = (
            "(SELECT *, true AS logged FROM gateway_usagerecord"
            " WHERE team_id = %s AND at >= %s AND at < %s) AS rows"
        )
        columns = ", ".join((*HOURS.kinds, *SUMS))
        broken = f"SELECT {columns} FROM ({sums_of(HOURS, rows)}) AS broken WHERE {where}"  # noqa: S608
        yield broken, [span.team.pk, begin, end, *values]
        if begin == hour_of(begin):
            yield _whole(HOURS, f"{where} AND NOT logged AND hour = %s"), [*values, begin]


def _whole(table: SumTable, where: str) -> str:
    columns = ["day AS hour" if name == "day" else name for name in table.kinds]
    return f"SELECT {', '.join([*columns, *SUMS])} FROM {table.name} WHERE {where}"  # noqa: S608


def items_of(sums: GroupSums, group_by: str, interval: str | None) -> list[dict[str, Any]]:
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


def total_of(sums: GroupSums) -> tuple[Any, ...]:
    """SUMS of all groups together."""
    columns = zip(*(of_group for _, of_group in sums), strict=True)
    return tuple(sum(value or 0 for value in column) for column in columns) or (0,) * len(SUMS)


def item_of(sums: Sequence[Any]) -> dict[str, Any]:
    """SUMS as a person wants them: times as means."""
    given = dict(zip(SUMS, (value or 0 for value in sums), strict=True))
    answered = given["requests"] - given["failed"]
    tokens, milliseconds = given.pop("stream_tokens"), given.pop("stream_ms")
    for name in ("queue_ms", "connect_ms", "first_byte_ms", "total_ms"):
        given[name] = given[name] / answered if answered else None
    speed = tokens / (milliseconds / 1000) if milliseconds else None
    return {**given, "tokens_per_second": speed}


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
