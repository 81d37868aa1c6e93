"""The page that tests a key: what is left, what it reaches, why it was refused."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.dataplane.limits.counters import Seed, seed
from apps.gateway.models import ApiKey
from tests.factories.accounts import make_team, make_user
from tests.gateway.control import ask, house_gateway, post, published, put
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import Served, wait_until_known
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateway(
    transactional_db: None, admin_client: Client, upstream: FaultyUpstream, tmp_path: Path
) -> Iterator[Served]:
    post(admin_client, "upstreams", name="out", base_url=upstream.url)
    post(admin_client, "routes", name="tiny", targets=[{"upstream": "out"}], aliases=["small"])
    with house_gateway(tmp_path) as served:
        yield served


def report(client: Client, key_id: int) -> Any:
    answer = client.get(f"/api/keys/{key_id}/report")
    assert answer.status_code == 200, answer.content
    return answer.json()


def limit(shown: Any, level: str, window: str) -> Any:
    return next(
        each for each in shown["limits"] if (each["level"], each["window"]) == (level, window)
    )


def test_what_is_left_of_every_window_and_level(
    admin_client: Client, admin: User, gateway: Served
) -> None:
    key = post(
        admin_client, "keys", name="ci", limits={"requests_per_minute": 2, "tokens_per_day": 5000}
    ).json()
    put(admin_client, "limits/team", limits={"tokens_per_month": 100_000})
    put(admin_client, f"limits/users/{admin.pk}", limits={"parallel": 3})
    wait_until_known(gateway, published().version, within=30)
    assert ask(gateway, key["secret"]).status_code == 200

    def settled() -> Any:
        shown = report(admin_client, key["id"])
        assert limit(shown, "key", "tokens_per_day")["used"] == 10
        return shown

    shown = eventually(settled, within=30)

    requests = limit(shown, "key", "requests_per_minute")
    assert (requests["limit"], requests["used"], requests["remaining"]) == (2, 1, 1)
    assert requests["known"] is True
    assert datetime.fromisoformat(requests["resets_at"]) > datetime.now(UTC)
    day = limit(shown, "key", "tokens_per_day")
    assert (day["reserved"], day["remaining"], day["percent"]) == (0, 4990, 0.2)
    month = limit(shown, "team", "tokens_per_month")
    assert (month["used"], month["holder"]) == (10, "Ours")
    assert month["resets_at"][8:19] == "01T00:00:00"
    parallel = limit(shown, "user", "parallel")
    assert (parallel["limit"], parallel["used"], parallel["resets_at"]) == (3, 0, None)
    assert (shown["works"], shown["sentence"]) == (True, "It works.")


def test_what_will_soon_be_in_the_way(admin_client: Client, admin: User, team: Team) -> None:
    limits = {"tokens_per_day": 1000, "tokens_per_month": 10_000}
    key, _ = actions.issue_key(team=team, owner=admin, name="ci", limits=limits)
    day, month = int(time.time()) // 86_400, datetime.now(UTC)
    counted = Seed(f"key:{key.pk}", day, 850, 12 * month.year + month.month - 1, 850)
    seed(get_redis(), [counted])

    shown = report(admin_client, key.pk)

    assert shown["sentence"] == "It works. 85 % of the tokens per day of the key ci are used."


def test_the_last_refusal_in_the_gateways_own_words(admin_client: Client, gateway: Served) -> None:
    key = post(admin_client, "keys", name="ci", limits={"requests_per_minute": 1}).json()
    eventually(lambda: ask(gateway, key["secret"]).status_code == 200, within=30)
    refused = ask(gateway, key["secret"])
    assert refused.status_code == 429

    shown = eventually(lambda: report(admin_client, key["id"])["last_refusal"], within=30)

    assert shown["reason"] == refused.json()["error"]["message"]
    assert (shown["status"], shown["code"]) == (429, refused.json()["error"]["code"])
    full = report(admin_client, key["id"])
    assert full["works"] is False
    assert "requests per minute" in full["sentence"]


def test_models_and_why_not_the_others(admin_client: Client, gateway: Served) -> None:
    post(admin_client, "routes", name="big", targets=[{"upstream": "out"}], aliases=["gpt-4o"])
    post(admin_client, "routes", name="off", targets=[{"upstream": "out"}])
    key = post(
        admin_client, "keys", name="ci", models=["tiny", "big", "typo"], denied_models=["big"]
    ).json()

    models = {each["name"]: each for each in report(admin_client, key["id"])["models"]}

    assert set(models) == {"tiny", "small", "big", "gpt-4o", "off", "typo"}
    assert (models["typo"]["answers"], models["off"]["allowed"]) == (False, False)
    assert (models["tiny"]["allowed"], models["tiny"]["answers"]) == (True, True)
    assert (models["small"]["alias_of"], models["small"]["allowed"]) == ("tiny", True)
    assert models["big"]["reason"] == "It is on the key's list of denied models."
    assert models["gpt-4o"]["reason"].startswith("It is another name of big")
    wait_until_known(gateway, published().version, within=30)
    statuses = {name: ask(gateway, key["secret"], model=name).status_code for name in models}
    assert statuses == {
        "tiny": 200,
        "small": 200,
        "big": 403,
        "gpt-4o": 403,
        "off": 403,
        "typo": 404,
    }
    assert models["off"]["reason"] == "It is not on the key's list of models."


def test_a_secret_that_somebody_pastes(admin_client: Client, admin: User, team: Team) -> None:
    key, secret = actions.issue_key(team=team, owner=admin, name="ci")
    shown = post(admin_client, "keys/test", secret=f" {secret}\n").json()
    assert (shown["secret"], shown["works"], shown["key"]["id"]) == ("current", True, key.pk)

    actions.revoke_key(key=key)
    revoked = post(admin_client, "keys/test", secret=secret).json()
    assert (revoked["works"], revoked["sentence"]) == (False, "It was revoked.")


def test_whoever_shows_the_secret_of_the_teams_key_may_know(
    caller_client: Callable[..., Client], admin: User, team: Team
) -> None:
    key, secret = actions.issue_key(team=team, owner=admin, name="ci")
    theirs = make_team(name="Theirs", slug="theirs")
    other, others = actions.issue_key(team=theirs, owner=make_user(team=theirs), name="k")
    viewer = caller_client(Role.VIEWER)

    assert post(viewer, "keys/test", secret=secret).json()["key"]["name"] == "ci"
    assert viewer.get(f"/api/keys/{key.pk}/report").status_code == 404
    for unknown in (others, "hk_live_nothing", other.prefix):
        refused = post(viewer, "keys/test", secret=unknown)
        assert refused.status_code == 404
        assert unknown not in refused.content.decode()


def test_a_pasted_secret_is_in_no_log(
    admin_client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "hk_live_" + "s" * 32
    caplog.set_level("DEBUG")

    post(admin_client, "keys/test", secret=secret)
    post(admin_client, "keys/test", secret=secret * 10)

    said = caplog.text + "".join(capfd.readouterr())
    assert "sssss" not in said


def test_without_redis_days_and_months_come_from_the_log(
    admin_client: Client, redis_away: None
) -> None:
    key = post(admin_client, "keys", name="ci", limits={"tokens_per_day": 10, "parallel": 2}).json()

    shown = report(admin_client, key["id"])

    day = limit(shown, "key", "tokens_per_day")
    assert (day["known"], day["used"], day["remaining"]) == (False, 0, 10)
    assert ApiKey.objects.get().limits == {"tokens_per_day": 10, "parallel": 2}


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every command of the control plane goes to a Redis that is not there."""
    pool = get_redis().connection_pool
    monkeypatch.setitem(pool.connection_kwargs, "path", "/nowhere/redis.sock")
    pool.disconnect()
    yield
    pool.disconnect()
