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
from redis.client import NEVER_DECODE

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway.dataplane.limits import holders as counted
from apps.gateway.dataplane.limits import script
from apps.gateway.dataplane.snapshot import HolderEntry, Limits
from apps.gateway.models import UsageHour

# The windows in the order of the script, by the names they have over HTTP.
_WINDOWS = (
    "parallel",
    "requests_per_minute",
    "tokens_per_minute",
    "tokens_per_day",
    "tokens_per_month",
)
_Look = Sequence[Sequence[int]]  # of each window: used, reserved, milliseconds to the reset

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


def _look(team: Team, holders: Sequence[Holder]) -> Sequence[_Look | None]:
    """What the gateways have counted; None for each while Redis does not say."""
    if not holders:
        return []
    rows = [_counted(team, holder).row for holder in holders]
    call = script.encode_call(rows, [(script.LOOK, list(range(1, len(rows) + 1)))])
    try:
        client: Any = get_redis()
        raw = client.execute_command("EVAL", script.TEXT, 0, call, **{NEVER_DECODE: True})
        looks: Sequence[_Look] = script.decode_answer(raw).results[0]
    except (redis.RedisError, msgspec.DecodeError) as problem:
        logger.warning("use of limits not read", extra={"error": str(problem)})
        return [None for _ in holders]
    return looks


def _counted(team: Team, holder: Holder) -> counted.Holder:
    limits = Limits(**holder.limits)
    if holder.level == "key":
        return counted.key_holder(key_id=holder.id, name=holder.name, limits=limits)
    entry = HolderEntry(level=holder.level, id=holder.id, team_id=team.pk, limits=limits)
    return counted.shared_holder(entry)


def _entries(team: Team, holder: Holder, look: _Look | None) -> list[dict[str, Any]]:
    now = timezone.now()
    unknown = look is None or any(used < 0 for used, _, _ in look)
    summed = _summed(team, holder, now) if unknown else {}
    entries = []
    for position, window in enumerate(_WINDOWS):
        limit = holder.limits.get(window)
        if limit is None:
            continue
        used, reserved, reset_ms = (-1, 0, 0) if look is None else look[position]
        is_known = used >= 0
        if not is_known:
            used, reserved = summed.get(window, 0), 0
        entries.append(
            {
                "level": holder.level,
                "holder": holder.name,
                "window": window,
                "limit": limit,
                "used": used,
                "reserved": reserved,
                "remaining": max(limit - used - reserved, 0),
                "percent": round(100 * used / limit, 1),
                "resets_at": _resets_at(window, now, reset_ms),
                "known": is_known,
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
