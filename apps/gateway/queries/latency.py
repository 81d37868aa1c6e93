"""How long requests took, from counts per bucket of time and hour."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from apps.gateway.queries.usage import GROUPS, UsageSpan, conditions, plain
from apps.gateway.queries.usage_sql import BUCKETS_PER_DOUBLING, LATENCY_KINDS, LATENCY_SUMS

_SHARES = {"p50": 0.5, "p95": 0.95}
_TOLD_APART = {*LATENCY_KINDS, "day", "month"}


Buckets = dict[int, tuple[int, int]]  # how many, by first byte and by total, in order


def bucket_counts(
    span: UsageSpan, group_by: str | None = None, interval: str | None = None
) -> dict[tuple[Any, ...], Buckets]:
    """By `(group, interval's begin)`, moments in ISO format; empty where times are not told apart
    by what is asked for. An hour counts when its beginning lies in the span."""
    chosen = {name for name in ("key_id", "user_id", "endpoint", "status") if getattr(span, name)}
    keys = [each for each in (group_by, interval) if each is not None]
    if chosen or not all(GROUPS[key] in LATENCY_KINDS or key in _TOLD_APART for key in keys):
        return {}
    counts: dict[tuple[Any, ...], Buckets] = defaultdict(dict)
    for *group, bucket, first_byte, total in _counts(span, [GROUPS[key] for key in keys]):
        counts[tuple(map(plain, group))][bucket] = (int(first_byte), int(total))
    return counts


def merged(counts: Iterable[Buckets]) -> Buckets:
    """Of several groups together."""
    together: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for buckets in counts:
        for bucket, (first_byte, total) in buckets.items():
            before = together[bucket]
            together[bucket] = (before[0] + first_byte, before[1] + total)
    return dict(sorted(together.items()))


def percentiles_of(buckets: Buckets) -> dict[str, float | None]:
    """`{"first_byte_p50", "first_byte_p95", "total_p50", "total_p95"}` in milliseconds, right to
    about a tenth; empty where nothing was counted."""
    if not buckets:
        return {}
    return {
        f"{name}_{share}": _percentile([(n, counts[place]) for n, counts in buckets.items()], part)
        for place, name in enumerate(LATENCY_SUMS)
        for share, part in _SHARES.items()
    }


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
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


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
