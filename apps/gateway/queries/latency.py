"""How long requests took, from counts per bucket of time and hour."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import connection

from apps.gateway.queries.usage import GROUPS, UsageSpan, conditions, plain
from apps.gateway.queries.usage_sql import BUCKETS_PER_DOUBLING, LATENCY_KINDS, LATENCY_SUMS

_SHARES = {"p50": 0.5, "p95": 0.95}
_TOLD_APART = {*LATENCY_KINDS, "day", "month"}


def latency_of(
    *, span: UsageSpan, group_by: str | None = None, interval: str | None = None
) -> dict[tuple[Any, ...], dict[str, float | None]]:
    """`{(group, interval's begin): {"first_byte_p50", "first_byte_p95", "total_p50", "total_p95"}}`
    in milliseconds, to about a tenth; empty where times are not told apart by what is asked for.
    Moments in the key are in ISO format.

    An hour counts when its beginning lies in the span. Only what did not fail.
    """
    chosen = {name for name in ("key_id", "user_id", "endpoint", "status") if getattr(span, name)}
    keys = [each for each in (group_by, interval) if each is not None]
    if chosen or not all(GROUPS[key] in LATENCY_KINDS or key in _TOLD_APART for key in keys):
        return {}
    counts: dict[tuple[Any, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for *group, bucket, first_byte, total in _counts(span, [GROUPS[key] for key in keys]):
        counts[tuple(map(plain, group))].append((bucket, int(first_byte), int(total)))
    return {group: _percentiles(buckets) for group, buckets in counts.items()}


def _counts(span: UsageSpan, groups: list[str]) -> list[tuple[Any, ...]]:
    where, values = conditions(span)
    bounds: list[tuple[str, datetime]] = [
        (sign, at) for sign, at in ((">=", span.begin), ("<", span.end)) if at is not None
    ]
    where += "".join(f" AND hour {sign} %s" for sign, _ in bounds)
    columns = ", ".join([*groups, "bucket"])
    sums = ", ".join(f"sum({name})" for name in LATENCY_SUMS)
    positions = ", ".join(str(number + 1) for number in range(len(groups) + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, {sums} FROM gateway_usagelatency"  # noqa: S608 - names of ours
            f" WHERE {where} GROUP BY {positions} ORDER BY {positions}",
            [*values, *(at for _, at in bounds)],
        )
        return cursor.fetchall()


def _percentiles(buckets: list[tuple[int, int, int]]) -> dict[str, float | None]:
    return {
        f"{name}_{share}": _percentile([(row[0], row[place]) for row in buckets], part)
        for place, name in enumerate(LATENCY_SUMS, 1)
        for share, part in _SHARES.items()
    }


def _percentile(counts: list[tuple[int, int]], share: float) -> float | None:
    """Buckets in order. Within one, requests are taken to be spread evenly."""
    wanted = share * sum(count for _, count in counts)
    for bucket, count in counts:
        if count and wanted <= count:
            begin = _end_of(bucket - 1) if bucket else 0.0
            return begin + (_end_of(bucket) - begin) * wanted / count
        wanted -= count
    return None


def _end_of(bucket: int) -> float:
    return float(2 ** (bucket / BUCKETS_PER_DOUBLING))
