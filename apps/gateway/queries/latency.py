"""How long requests took, from counts per bucket of time and hour."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from apps.gateway.queries.usage import GROUPS, plain
from apps.gateway.queries.usage_span import UsageSpan, conditions, pieces, up_to_hour
from apps.gateway.queries.usage_sql import (
    BUCKETS_PER_DOUBLING,
    DAY_LATENCIES,
    HOUR_LATENCIES,
    LATENCY_SUMS,
)

_SHARES = {"p50": 0.5, "p95": 0.95}
_TOLD_APART = {*HOUR_LATENCIES.kinds, "day", "month"}


Buckets = dict[int, tuple[int, int]]  # how many, by first byte and by total, in order


def bucket_counts(
    span: UsageSpan, group_by: str | None = None, interval: str | None = None
) -> dict[tuple[Any, ...], Buckets]:
    """By `(group, interval's begin)`, moments in ISO format; empty where times are not told apart
    by what is asked for. An hour counts when its beginning lies in the span."""
    chosen = {name for name in ("key_id", "user_id", "endpoint", "status") if getattr(span, name)}
    keys = [each for each in (group_by, interval) if each is not None]
    if chosen or not all(key in _TOLD_APART or GROUPS[key] in _TOLD_APART for key in keys):
        return {}
    counts: dict[tuple[Any, ...], Buckets] = defaultdict(dict)
    for *group, bucket, first_byte, total in _counts(
        span, [GROUPS[key] for key in keys], by_hour="hour" in keys
    ):
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


def _counts(span: UsageSpan, groups: list[str], *, by_hour: bool) -> list[tuple[Any, ...]]:
    where, values = conditions(span)
    first, last = (None if at is None else up_to_hour(at) for at in (span.begin, span.end))
    parts, given = [], []
    for unit, begin, end in pieces(first, last, by_hour=by_hour):
        table = HOUR_LATENCIES if unit == "hour" else DAY_LATENCIES
        bounds = [(sign, at) for sign, at in ((">=", begin), ("<", end)) if at is not None]
        within = "".join(f" AND {unit} {sign} %s" for sign, _ in bounds)
        columns = ["day AS hour" if name == "day" else name for name in table.kinds]
        parts.append(
            f"SELECT {', '.join([*columns, *LATENCY_SUMS])}"  # noqa: S608 - names of ours
            f" FROM {table.name} WHERE {where}{within}"
        )
        given += [*values, *(at for _, at in bounds)]
    sums = ", ".join(f"sum({name})" for name in LATENCY_SUMS)
    positions = ", ".join(str(number + 1) for number in range(len(groups) + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join([*groups, 'bucket'])}, {sums}"  # noqa: S608 - names of ours
            f" FROM ({' UNION ALL '.join(parts)}) AS parts"
            f" GROUP BY {positions} ORDER BY {positions}",
            given,
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
