"""How far limits are used: from the counters the gateways share, else from the hourly sums."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import redis
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway.dataplane.limits import holders as counted
from apps.gateway.dataplane.limits.counters import WindowUse, read_windows
from apps.gateway.dataplane.limits.script import WINDOWS, Window
from apps.gateway.dataplane.snapshot import HolderEntry, Limits
from apps.gateway.models import UsageHour

_Look = Mapping[Window, WindowUse]
_UNKNOWN = WindowUse(settled=None, reserved=0, resets_ms=0)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """A key, a person or a team with its limits: the fields of dataplane.snapshot.Limits."""

    level: Literal["key", "user", "team"]
    id: int
    name: str
    limits: Mapping[str, int]


def read_use(*, team: Team, holders: Sequence[Holder]) -> list[list[dict[str, Any]]]:
    """For each holder one entry per limit it has, in the shape of LimitUseOut."""
    limited = [holder for holder in holders if holder.limits]
    looks = _look(team, limited)
    use = {
        (holder.level, holder.id): _entries(team, holder, look)
        for holder, look in zip(limited, looks, strict=True)
    }
    return [use.get((holder.level, holder.id), []) for holder in holders]


def _look(team: Team, holders: Sequence[Holder]) -> Sequence[_Look]:
    """What the gateways have counted; nothing for each while Redis does not say."""
    if not holders:
        return []
    try:
        return read_windows(get_redis(), [_counted(team, holder).row for holder in holders])
    except (redis.RedisError, msgspec.DecodeError) as problem:
        logger.warning("use of limits not read", extra={"error": str(problem)})
        return [{} for _ in holders]


def _counted(team: Team, holder: Holder) -> counted.Holder:
    limits = Limits(**holder.limits)
    if holder.level == "key":
        return counted.key_holder(key_id=holder.id, name=holder.name, limits=limits)
    entry = HolderEntry(level=holder.level, id=holder.id, team_id=team.pk, limits=limits)
    return counted.shared_holder(entry)


def _entries(team: Team, holder: Holder, look: _Look) -> list[dict[str, Any]]:
    now = timezone.now()
    uses = {window: look.get(window, _UNKNOWN) for window in WINDOWS if window in holder.limits}
    is_whole = all(use.settled is not None for use in uses.values())
    summed = {} if is_whole else _summed(team, holder, now)
    entries = []
    for window, use in uses.items():
        limit = holder.limits[window]
        used = summed.get(window, 0) if use.settled is None else use.settled
        entries.append(
            {
                "level": holder.level,
                "holder": holder.name,
                "window": window,
                "limit": limit,
                "used": used,
                "reserved": use.reserved,
                "remaining": max(limit - used - use.reserved, 0),
                "percent": round(100 * used / limit, 1),
                "resets_at": _resets_at(window, now, use.resets_ms),
                "known": use.settled is not None,
            }
        )
    return entries


def _resets_at(window: str, now: datetime, reset_ms: int) -> datetime | None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "tokens_per_day":
        return midnight + timedelta(days=1)
    if window == "tokens_per_month":
        return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    return now + timedelta(milliseconds=reset_ms) if reset_ms > 0 else None


def _summed(team: Team, holder: Holder, now: datetime) -> dict[str, int]:
    """Tokens of this day and month. Of minutes, and of what runs now, nothing is written down."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    whose: dict[str, dict[str, int]] = {
        "key": {"key_id": holder.id},
        "user": {"user_id": holder.id},
        "team": {},
    }
    tokens = F("prompt_tokens") + F("completion_tokens")
    return UsageHour.objects.filter(
        team_id=team.pk, hour__gte=midnight.replace(day=1), **whose[holder.level]
    ).aggregate(
        tokens_per_day=Coalesce(Sum(tokens, filter=Q(hour__gte=midnight)), 0),
        tokens_per_month=Coalesce(Sum(tokens), 0),
    )
