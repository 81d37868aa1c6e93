"""Usage over time, for charts: the busiest groups by name, the rest together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.db import connection

from apps.core.errors import Invalid
from apps.gateway.queries.latency import Buckets, bucket_counts, merged, percentiles_of
from apps.gateway.queries.usage import (
    GROUPS,
    GroupSums,
    item_of,
    labels_of,
    plain,
    sums_by,
    total_of,
)
from apps.gateway.queries.usage_span import UsageSpan, conditions

Step = Literal["minute", "hour", "day"]

MOST_POINTS = 1500
_LONGEST_REPLY = timedelta(minutes=15)  # what a reply before the span may still have said in it
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_SUMS = ("requests", "failed", "prompt_tokens", "completion_tokens", "cached_tokens")

Point = dict[str, Any]
Points = dict[tuple[Any, datetime], Point]


def usage_series(
    *, span: UsageSpan, step: Step, group_by: str = "model", top: int = 5
) -> dict[str, Any]:
    """`{"times": [begin of each step], "series": [...], "total": …}`, steps without gaps.

    A series is `{"name", "group_id", "rest", "requests": [per step], "failed", "prompt_tokens",
    "completion_tokens", "cached_tokens", "tokens_per_second", "first_byte_ms",
    "first_byte_p95"}`. By minute, tokens per second are those of the time in which they were
    said, and requests of keys that keep no log are left out. Raises Invalid for a span without
    an end or with too many steps.
    """
    times = _times(span, step)
    if step == "minute":
        points, wholes = (_minutes(span, times, grouping) for grouping in (group_by, None))
    else:
        points, wholes = _hours(span, step, group_by)
    ranked = _ranked(points)
    names = labels_of(group_by, ranked)
    series = [
        {"name": str(names.get(group) or ""), "group_id": group, "rest": False}
        | _columns([points.get((group, at), {}) for at in times], step)
        for group in ranked[:top]
    ]
    if ranked[top:]:
        rest = [_sum(points.get((group, at), {}) for group in ranked[top:]) for at in times]
        series.append({"name": "", "group_id": None, "rest": True} | _columns(rest, step))
    total = _columns([wholes.get((None, at), {}) for at in times], step)
    return {"times": times, "series": series, "total": total}


def _times(span: UsageSpan, step: Step) -> list[datetime]:
    if span.begin is None or span.end is None:
        raise Invalid("A chart needs a beginning and an end.", fix="Give both `from` and `to`.")
    length = _STEPS[step]
    first = _begin_of(span.begin, step)
    count = -(-(span.end - first) // length)
    if not 0 < count <= MOST_POINTS:
        raise Invalid(
            f"Steps of one {step} over this span make {count} points; between 1 and "
            f"{MOST_POINTS} are drawn.",
            fix="Choose a shorter span or a longer step.",
        )
    return [first + number * length for number in range(count)]


def _begin_of(moment: datetime, step: Step) -> datetime:
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if step == "minute":
        return minute
    return minute.replace(minute=0) if step == "hour" else minute.replace(minute=0, hour=0)


def _hours(span: UsageSpan, step: Literal["hour", "day"], group_by: str) -> tuple[Points, Points]:
    """By group and step, and by step alone."""
    sums = sums_by(span, group_by, step)
    counts = bucket_counts(span, group_by, step)
    points = {
        (plain(group), at): _point(of_group, counts.get((plain(group), plain(at)), {}))
        for (group, at), of_group in sums
    }
    sums_at: dict[datetime, GroupSums] = defaultdict(list)
    for each in sums:
        sums_at[each[0][1]].append(each)
    counts_at: dict[str, list[Buckets]] = defaultdict(list)
    for (_, begin), buckets in counts.items():
        counts_at[begin].append(buckets)
    wholes = {
        (None, at): _point(total_of(all_of_it), merged(counts_at[plain(at)]))
        for at, all_of_it in sums_at.items()
    }
    return points, wholes


def _point(sums: tuple[Any, ...], buckets: Buckets) -> Point:
    return {**item_of(sums), "first_byte_p95": percentiles_of(buckets).get("first_byte_p95")}


def _minutes(span: UsageSpan, times: list[datetime], group_by: str | None) -> Points:
    where, values = conditions(span)
    group = "NULL::bigint" if group_by is None else GROUPS[group_by]
    answered = "FILTER (WHERE status < 400 AND error = '')"
    columns = (
        f"{group}, date_trunc('minute', at, 'UTC'), count(*),"
        " count(*) FILTER (WHERE status >= 400 OR error <> ''), sum(prompt_tokens),"
        f" sum(completion_tokens), sum(cached_tokens), avg(first_byte_ms) {answered},"
        f" percentile_cont(0.95) WITHIN GROUP (ORDER BY first_byte_ms) {answered}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM gateway_usagerecord"  # noqa: S608 - names of ours
            f" WHERE {where} AND at >= %s AND at < %s GROUP BY 1, 2",
            [*values, times[0], times[-1] + _STEPS["minute"]],
        )
        names = (*_SUMS, "first_byte_ms", "first_byte_p95")
        points: Points = {
            (row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in cursor.fetchall()
        }
    for key, speed in _spoken(times, where, values, group):
        points.setdefault(key, {})["tokens_per_second"] = speed
    return points


def _spoken(
    times: list[datetime], where: str, values: list[Any], group: str
) -> Iterable[tuple[tuple[Any, datetime], float]]:
    """Tokens per second and minute: each reply's tokens spread over the time it took."""
    begin, end = times[0], times[-1] + _STEPS["minute"]
    ended = "at + total_ms * interval '1 millisecond'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {group}, minute, sum(completion_tokens * extract(epoch FROM"  # noqa: S608
            f" least({ended}, minute + interval '1 minute') - greatest(at, minute))"
            " / greatest(total_ms / 1000, 0.001)) / 60"
            " FROM gateway_usagerecord CROSS JOIN LATERAL generate_series("
            f"  date_trunc('minute', at, 'UTC'), {ended}, interval '1 minute') AS minute"
            f" WHERE {where} AND completion_tokens > 0 AND at >= %s AND at < %s"
            "  AND total_ms < 3600000 AND minute >= %s AND minute < %s GROUP BY 1, 2",
            [*values, begin - _LONGEST_REPLY, end, begin, end],
        )
        rows: Sequence[tuple[Any, datetime, float]] = cursor.fetchall()
    return [((row[0], row[1]), float(row[2])) for row in rows]


def _ranked(points: Points) -> list[Any]:
    """The groups, the busiest first."""
    weight: dict[Any, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (group, _), point in points.items():
        tokens, requests = weight[group]
        said = point.get("completion_tokens", 0) + point.get("prompt_tokens", 0)
        weight[group] = (tokens + said, requests + point.get("requests", 0))
    return sorted(weight, key=lambda group: weight[group], reverse=True)


def _sum(points: Iterable[Point]) -> Point:
    """Of several groups. Times of single requests cannot be added up."""
    total: Point = defaultdict(float)
    for point in points:
        for name in (*_SUMS, "tokens_per_second"):
            total[name] += point.get(name) or 0
    return total


def _columns(points: Sequence[Point], step: Step) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [int(point.get(name) or 0) for point in points] for name in _SUMS
    }
    if step == "minute":
        speeds = [round(point.get("tokens_per_second") or 0.0, 3) for point in points]
    else:
        seconds = _STEPS[step].total_seconds()
        speeds = [round(count / seconds, 3) for count in columns["completion_tokens"]]
    times = {
        name: [point.get(name) for point in points] for name in ("first_byte_ms", "first_byte_p95")
    }
    return {**columns, "tokens_per_second": speeds, **times}
