"""How far limits are used: from the counters the gateways share, else from the request log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Team
from apps.gateway.models import UsageHour


@dataclass(frozen=True)
class Holder:
    """A key, a person or a team with its limits: the fields of dataplane.snapshot.Limits."""

    level: Literal["key", "user", "team"]
    id: int
    name: str
    limits: Mapping[str, int]


def read_use(*, team: Team, holders: Sequence[Holder]) -> list[list[dict[str, Any]]]:
    """For each holder one entry per limit it has, in the shape of LimitUseOut."""
    return [_from_log(team, holder) for holder in holders]


def _from_log(team: Team, holder: Holder) -> list[dict[str, Any]]:
    """Minutes and what runs now are not in the log: nothing is known of them."""
    if not holder.limits:
        return []
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = midnight.replace(day=1)
    whose = {"key": {"key_id": holder.id}, "user": {"user_id": holder.id}, "team": {}}
    tokens = Sum(F("prompt_tokens") + F("completion_tokens"), filter=Q(hour__gte=midnight))
    used = UsageHour.objects.filter(
        team_id=team.pk, hour__gte=month, **whose[holder.level]
    ).aggregate(
        tokens_per_day=Coalesce(tokens, 0),
        tokens_per_month=Coalesce(Sum(F("prompt_tokens") + F("completion_tokens")), 0),
    )
    resets = {
        "tokens_per_day": midnight + timedelta(days=1),
        "tokens_per_month": (month + timedelta(days=32)).replace(day=1),
    }
    return [
        _entry(
            holder, window, used=used.get(window, 0), resets_at=resets.get(window), is_known=False
        )
        for window in holder.limits
    ]


def _entry(
    holder: Holder,
    window: str,
    *,
    used: int,
    reserved: int = 0,
    resets_at: datetime | None,
    is_known: bool,
) -> dict[str, Any]:
    limit = holder.limits[window]
    return {
        "level": holder.level,
        "holder": holder.name,
        "window": window,
        "limit": limit,
        "used": used,
        "reserved": reserved,
        "remaining": max(limit - used, 0),
        "percent": round(100 * used / limit, 1),
        "resets_at": resets_at,
        "known": is_known,
    }
