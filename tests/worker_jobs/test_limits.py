from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.dataplane.keys import digest
from apps.gateway.dataplane.limits import counters, script
from apps.gateway.dataplane.usage import UsageRecord, new_id
from apps.gateway.models import ApiKey, HolderLimits
from apps.gateway.queries.settled import list_settled
from tests.factories.accounts import make_user
from worker_jobs import limits

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
BUDGET = {"tokens_per_day": 10_000, "tokens_per_month": 100_000}


def make_key(*, team: Team, owner: User, limits: dict[str, int] | None = None) -> ApiKey:
    return ApiKey.objects.create(
        team=team, owner=owner, name="ci", digest=digest(new_id()), limits=limits or {}
    )


def used(team: Team, key: ApiKey, tokens: int, at: datetime) -> UsageRecord:
    return UsageRecord(
        id=new_id(),
        at=at.timestamp(),
        team_id=team.pk,
        key_id=key.pk,
        user_id=key.owner_id,
        status=200,
        prompt_tokens=tokens - 1,
        completion_tokens=1,
    )


def settled(name: str) -> tuple[int | None, int | None]:
    [windows] = counters.read_windows(get_redis(), [(name, -1, -1, -1, -1, -1)])
    return windows["tokens_per_day"].settled, windows["tokens_per_month"].settled


def test_each_level_is_summed_by_day_and_month(team: Team) -> None:
    user = make_user(team=team)
    key = make_key(team=team, owner=user, limits=BUDGET)
    plain = make_key(team=team, owner=user)
    HolderLimits.objects.create(team=team, user=user, limits={"tokens_per_day": 5})
    HolderLimits.objects.create(team=team, user=None, limits={"tokens_per_month": 5})
    actions.record_usage(
        records=[
            used(team, key, 10, NOON),
            used(team, key, 100, NOON - timedelta(days=1)),
            used(team, key, 1000, NOON - timedelta(days=20)),
            used(team, plain, 7, NOON.replace(hour=0)),
        ]
    )
    seeds = {each.holder: each for each in list_settled(now=NOON)}
    assert {name: (each.day_tokens, each.month_tokens) for name, each in seeds.items()} == {
        f"key:{key.pk}": (10, 110),
        f"user:{user.pk}:{team.pk}": (17, 117),
        f"team:{team.pk}": (17, 117),
    }
    assert {(each.day, each.month) for each in seeds.values()} == {(20527, 12 * 2026 + 2)}
    today_only = {each.holder: each for each in list_settled(now=NOON, whole_month=False)}
    assert today_only[f"key:{key.pk}"].day_tokens == 10
    assert today_only[f"key:{key.pk}"].month_tokens == 0


def test_an_empty_redis_is_told_what_was_used(team: Team) -> None:
    key = make_key(team=team, owner=make_user(team=team), limits=BUDGET)
    actions.record_usage(records=[used(team, key, 25, timezone.now())])
    assert settled(f"key:{key.pk}") == (None, None)
    limits.seed_limits()
    assert settled(f"key:{key.pk}") == (25, 25)
    get_redis().flushdb()
    limits.seed_limits()
    assert settled(f"key:{key.pk}") == (25, 25)


def test_what_only_the_database_knows_is_added_and_nothing_is_taken_away(team: Team) -> None:
    key = make_key(team=team, owner=make_user(team=team), limits=BUDGET)
    limits.seed_limits()
    now_ms = int(timezone.now().timestamp() * 1000)
    settle = (script.SETTLE, (1,), 0, 0, 40, 40, (), now_ms)
    row = (f"key:{key.pk}", -1, -1, -1, 10_000, 100_000)
    client: Any = get_redis()
    client.execute_command(
        "EVAL", script.TEXT, 0, script.encode_call([row], [settle]), NEVER_DECODE=True
    )
    actions.record_usage(records=[used(team, key, 25, timezone.now())])
    limits.seed_limits()
    assert settled(f"key:{key.pk}") == (40, 40)
    actions.record_usage(records=[used(team, key, 30, timezone.now())])
    limits.seed_limits()
    assert settled(f"key:{key.pk}")[0] == 55


def test_lost_budgets_do_not_wait_for_the_next_turn(team: Team) -> None:
    user = make_user(team=team)
    key = make_key(team=team, owner=user, limits=BUDGET)
    name = f"key:{key.pk}"
    assert settled(name) == (None, None)

    limits.seed_lost_limits()
    assert settled(name) == (0, 0)

    actions.record_usage(records=[used(team, key, 10, timezone.now())])
    limits.seed_lost_limits()
    assert settled(name) == (0, 0)  # nothing was lost: that is for the ordinary turn
