"""The usage page: sums, means and percentiles of one question together."""

from typing import Any

from apps.gateway.queries.latency import latency_of
from apps.gateway.queries.usage import GroupBy, Interval, UsageSpan, group_usage, plain, total_usage


def usage_page(
    *, span: UsageSpan, group_by: GroupBy, interval: Interval | None = None
) -> dict[str, Any]:
    """`{"items": groups, "total": the sums of all}`, with percentiles where there are any."""
    groups = group_usage(span=span, group_by=group_by, interval=interval)
    late = latency_of(span=span, group_by=group_by, interval=interval)
    whole = latency_of(span=span)
    return {
        "items": [{**group, **late.get(_key(group), {})} for group in groups],
        "total": {**total_usage(span=span), **whole.get((), {})},
    }


def _key(group: dict[str, Any]) -> tuple[Any, ...]:
    """As `latency_of` names the group."""
    return (group["group_id"], plain(group["at"])) if "at" in group else (group["group_id"],)
