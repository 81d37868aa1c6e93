"""The usage page: sums, means and percentiles of one question together."""

from typing import Any

from apps.gateway.queries.latency import bucket_counts, merged, percentiles_of
from apps.gateway.queries.usage import (
    GroupBy,
    Interval,
    item_of,
    items_of,
    plain,
    sums_by,
    total_of,
)
from apps.gateway.queries.usage_span import UsageSpan


def usage_page(
    *, span: UsageSpan, group_by: GroupBy, interval: Interval | None = None
) -> dict[str, Any]:
    """`{"items": groups as in `group_usage`, "total": the sums of all}`, with percentiles where
    there are any."""
    sums = sums_by(span, group_by, interval)
    counts = bucket_counts(span, group_by, interval)
    late = {group: percentiles_of(buckets) for group, buckets in counts.items()}
    total = item_of(total_of(sums)) | percentiles_of(merged(counts.values()))
    return {
        "items": [
            {**item, **late.get(_key(item), {})} for item in items_of(sums, group_by, interval)
        ],
        "total": total,
    }


def _key(group: dict[str, Any]) -> tuple[Any, ...]:
    """As `bucket_counts` names the group."""
    return (group["group_id"], plain(group["at"])) if "at" in group else (group["group_id"],)
