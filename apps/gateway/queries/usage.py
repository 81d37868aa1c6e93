from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDay, TruncHour

from apps.accounts.models import Team, User
from apps.core.errors import NotFound
from apps.gateway.models import UsageRecord

GroupBy = Literal[
    "key", "user", "model", "team", "node", "served_by", "endpoint", "status", "hour", "day"
]

# What identifies a group, and what a person calls it.
_COLUMNS: dict[str, tuple[Any, Any]] = {
    "key": (F("key_id"), F("key__name")),
    "user": (F("user_id"), F("user__username")),
    "team": (F("team_id"), F("team__name")),
    "model": (F("model"), F("model")),
    "node": (F("node"), F("node")),
    "served_by": (F("served_by"), F("served_by")),
    "endpoint": (F("endpoint"), F("endpoint")),
    "status": (F("status"), F("status")),
    "hour": (TruncHour("at"), TruncHour("at")),
    "day": (TruncDay("at"), TruncDay("at")),
}
_FAILED = Q(status__gte=400)


def list_requests(
    *,
    team: Team,
    user: User | None = None,
    key_id: int | None = None,
    model: str = "",
    failed: bool | None = None,
) -> QuerySet[UsageRecord]:
    """The team's requests; with `user` only those that person's keys and sessions have made."""
    records = UsageRecord.objects.filter(team=team).select_related("key", "user")
    if user is not None:
        records = records.filter(user=user)
    if key_id is not None:
        records = records.filter(key_id=key_id)
    if model:
        records = records.filter(model=model)
    if failed is not None:
        records = records.filter(_FAILED if failed else ~_FAILED)
    return records


def get_request(*, team: Team, request_id: UUID, user: User | None = None) -> UsageRecord:
    """Raises NotFound."""
    record = list_requests(team=team, user=user).filter(pk=request_id).first()
    if record is None:
        raise NotFound(f"There is no request {request_id} that you may see.")
    return record


def group_usage(
    *,
    team: Team,
    group_by: GroupBy,
    begin: datetime | None = None,
    end: datetime | None = None,
    user: User | None = None,
) -> list[dict[str, Any]]:
    """Sums per group, most tokens first; by time, oldest first.

    Each is `{group_by: label, "group_id", "requests", "failed", "prompt_tokens",
    "completion_tokens", "cached_tokens", "first_byte_ms", "total_ms"}`; the times are means of
    what succeeded, in milliseconds.
    """
    records = list_requests(team=team, user=user)
    if begin is not None:
        records = records.filter(at__gte=begin)
    if end is not None:
        records = records.filter(at__lt=end)
    identity, label = _COLUMNS[group_by]
    grouped = (
        records.annotate(group_id=identity, label=label)
        .values("group_id", "label")
        .annotate(
            requests=Count("pk"),
            failed=Count("pk", filter=_FAILED),
            prompts=Coalesce(Sum("prompt_tokens"), 0),
            completions=Coalesce(Sum("completion_tokens"), 0),
            cached=Coalesce(Sum("cached_tokens"), 0),
            first_byte=Avg("first_byte_ms", filter=~_FAILED),
            whole=Avg("total_ms", filter=~_FAILED),
        )
    )
    by_time = group_by in ("hour", "day")
    ordered = grouped.order_by("group_id") if by_time else grouped.order_by("-prompts", "-requests")
    return list(_items(ordered, group_by))


def _items(rows: Any, group_by: GroupBy) -> Iterator[dict[str, Any]]:
    for row in rows:
        group = row["group_id"]
        identity = group.isoformat() if isinstance(group, datetime) else group
        yield {
            group_by: identity if isinstance(group, datetime) else row["label"],
            "group_id": identity,
            "requests": row["requests"],
            "failed": row["failed"],
            "prompt_tokens": row["prompts"],
            "completion_tokens": row["completions"],
            "cached_tokens": row["cached"],
            "first_byte_ms": row["first_byte"],
            "total_ms": row["whole"],
        }
