"""What those who have budgets have used by the database's count: what Redis may have lost."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from apps.gateway.dataplane.limits.counters import Seed
from apps.gateway.dataplane.limits.holders import key_name, shared_name
from apps.gateway.models import HolderLimits, UsageHour
from apps.gateway.queries.keys import list_live_keys

_HAS_BUDGET = Q(limits__has_any_keys=["tokens_per_day", "tokens_per_month"])
_TOKENS = F("prompt_tokens") + F("completion_tokens")

Sums = dict[tuple[int, ...], tuple[int, int]]


def list_settled(*, now: datetime, whole_month: bool = True) -> list[Seed]:
    """One seed for each key, person and team that has a budget and has used any of it.

    Three statements at most. Without `whole_month` the months are left at 0, and only the hours of
    today are read.
    """
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight.replace(day=1) if whole_month else midnight
    keys = dict(list_live_keys().filter(_HAS_BUDGET).values_list("pk", "team_id"))
    shared = list(HolderLimits.objects.filter(_HAS_BUDGET).values_list("team_id", "user_id"))
    teams = {team for team, user in shared if user is None}
    users = {(team, user) for team, user in shared if user is not None}

    def sums(columns: tuple[str, ...], teams: Iterable[int], **narrow: object) -> Sums:
        return _sums(columns, set(teams), since, midnight, narrow)

    by_key = sums(("key_id",), keys.values(), key_id__in=keys) if keys else {}
    by_user = (
        sums(("team_id", "user_id"), {t for t, _ in users}, user_id__in={u for _, u in users})
        if users
        else {}
    )
    by_team = sums(("team_id",), teams) if teams else {}
    named = {
        **{key_name(key): used for (key,), used in by_key.items()},
        **{
            shared_name("user", user, team): used
            for (team, user), used in by_user.items()
            if (team, user) in users
        },
        **{shared_name("team", team, team): used for (team,), used in by_team.items()},
    }
    day, month = int(midnight.timestamp()) // 86_400, 12 * now.year + now.month - 1
    return [
        Seed(name, day, today, month, this_month if whole_month else 0)
        for name, (today, this_month) in named.items()
    ]


def _sums(
    columns: tuple[str, ...],
    teams: set[int],
    since: datetime,
    midnight: datetime,
    narrow: dict[str, object],
) -> Sums:
    """Tokens of today and since `since`, by these columns."""
    rows = (
        UsageHour.objects.filter(team_id__in=teams, hour__gte=since, **narrow)
        .values(*columns)
        .annotate(
            today=Coalesce(Sum(_TOKENS, filter=Q(hour__gte=midnight)), 0),
            whole=Coalesce(Sum(_TOKENS), 0),
        )
    )
    return {tuple(row[name] for name in columns): (row["today"], row["whole"]) for row in rows}
