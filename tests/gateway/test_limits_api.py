"""Limits of a team and its people over HTTP, and notices of what is nearly used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Team, User
from apps.core.events import EVENTS_STREAM
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.limits.script import NOTICES_STREAM
from apps.gateway.models import LimitNotice
from tests.factories.accounts import make_team, make_user
from tests.gateway.control import ask, house_gateway, post, published, put
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import wait_until_known
from tests.waiting import eventually
from worker_jobs.notices import collect_notices

pytestmark = pytest.mark.django_db(transaction=True)


class TestHolders:
    def test_the_team_and_its_people(self, admin_client: Client, admin: User, team: Team) -> None:
        set_for_team = put(admin_client, "limits/team", limits={"tokens_per_day": 1000})
        put(admin_client, f"limits/users/{admin.pk}", limits={"parallel": 2})

        assert set_for_team.status_code == 200, set_for_team.content
        items = admin_client.get("/api/limits").json()["items"]
        assert [(item["level"], item["name"]) for item in items] == [
            ("team", "Ours"),
            ("user", "ada"),
        ]
        assert items[0]["limits"]["tokens_per_day"] == 1000
        assert items[0]["use"][0]["window"] == "tokens_per_day"
        assert published().holders == [
            snapshot.HolderEntry(
                "team", team.pk, team.pk, snapshot.Limits(tokens_per_day=1000), "Ours"
            ),
            snapshot.HolderEntry("user", admin.pk, team.pk, snapshot.Limits(parallel=2), "ada"),
        ]

    def test_taken_away_again(self, admin_client: Client) -> None:
        put(admin_client, "limits/team", limits={"tokens_per_day": 1000})
        version = published().version
        put(admin_client, "limits/team", limits={"tokens_per_day": 1000})
        assert published().version == version  # the same again changes nothing

        put(admin_client, "limits/team", limits={})

        assert published().holders == []

    def test_people_see_their_own_and_set_none(
        self, admin_client: Client, admin: User, caller_client: Callable[..., Client]
    ) -> None:
        viewer = caller_client(Role.VIEWER)

        levels = [item["level"] for item in viewer.get("/api/limits").json()["items"]]
        assert levels == ["team", "user"]
        assert put(viewer, "limits/team", limits={}).status_code == 403
        assert put(viewer, f"limits/users/{admin.pk}", limits={}).status_code == 403

    def test_nobody_of_another_team(self, admin_client: Client) -> None:
        stranger = make_user(team=make_team())

        refused = put(admin_client, f"limits/users/{stranger.pk}", limits={"parallel": 1})

        assert refused.status_code == 404

    @pytest.mark.parametrize("wrong", [{"parallel": 0}, {"tokens": 5}, {"parallel": 10**16}])
    def test_what_is_no_limit(self, admin_client: Client, wrong: dict[str, int]) -> None:
        assert put(admin_client, "limits/team", limits=wrong).status_code == 422


def test_a_raised_limit_reaches_the_gateway(
    admin_client: Client, upstream: FaultyUpstream, tmp_path: Path
) -> None:
    post(admin_client, "upstreams", name="out", base_url=upstream.url)
    post(admin_client, "routes", name="tiny", targets=[{"upstream": "out"}])
    secret = post(admin_client, "keys", name="ci").json()["secret"]
    put(admin_client, "limits/team", limits={"requests_per_minute": 1})

    with house_gateway(tmp_path) as gateway:
        wait_until_known(gateway, published().version, within=30)
        assert ask(gateway, secret).status_code == 200
        assert ask(gateway, secret).status_code == 429
        put(admin_client, "limits/team", limits={"requests_per_minute": 100})
        eventually(lambda: ask(gateway, secret).status_code == 200, within=30)


def note(
    holder: str, *, window: str = "day", percent: int = 80, period: str = "2026-11-21"
) -> None:
    client: Any = get_redis()
    fields = {"holder": holder, "window": window, "percent": percent, "period": period}
    client.xadd(NOTICES_STREAM, {**fields, "settled": 80, "limit": 100})


class TestNotices:
    def test_a_key_that_uses_up_its_day_is_told_of_twice(
        self, admin_client: Client, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        post(admin_client, "upstreams", name="out", base_url=upstream.url)
        post(admin_client, "routes", name="tiny", targets=[{"upstream": "out"}])
        key = post(admin_client, "keys", name="ci", limits={"tokens_per_day": 400}).json()
        with house_gateway(tmp_path) as gateway:
            wait_until_known(gateway, published().version, within=30)
            answered = 0
            while ask(gateway, key["secret"], max_tokens=3).status_code == 200:
                answered += 1
                assert answered < 60
        client: Any = get_redis()
        assert client.xlen(NOTICES_STREAM) >= 1

        collect_notices()

        assert client.xlen(NOTICES_STREAM) == 0
        last, first = admin_client.get("/api/notices").json()["items"]
        assert (first["level"], first["holder"], first["window"]) == ("key", "ci", "tokens_per_day")
        assert (first["percent"], first["limit"]) == (80, 400)
        assert first["text"].startswith("The key ci has used 80 % of its tokens per day of 400")
        assert last["text"].startswith("The key ci has used up its tokens per day of 400")
        timeline = admin_client.get(f"/api/timeline?subject=key:{key['id']}").json()["items"]
        assert {"80 % used", "100 % used"} <= {item["title"] for item in timeline}

    def test_what_comes_twice_is_one_notice_and_one_event(
        self, admin_client: Client, admin: User, team: Team
    ) -> None:
        for _ in range(2):
            note(f"team:{team.pk}")
            collect_notices()
        note(f"team:{team.pk}", percent=100)
        note(f"team:{team.pk}", period="2026-11-22")
        collect_notices()

        assert LimitNotice.objects.count() == 3
        client: Any = get_redis()
        events = [fields["subject"] for _, fields in client.xrange(EVENTS_STREAM)]
        assert events.count("notice") == 3

    def test_people_see_theirs_and_the_teams(
        self, admin: User, team: Team, caller_client: Callable[..., Client]
    ) -> None:
        viewer = caller_client(Role.VIEWER)
        own = User.objects.latest("pk")
        mine, _ = actions.issue_key(team=team, owner=own, name="mine")
        other, _ = actions.issue_key(team=team, owner=admin, name="other")
        for holder in (f"key:{mine.pk}", f"key:{other.pk}", f"team:{team.pk}"):
            note(holder)
        note(f"user:{own.pk}:{team.pk}")
        note(f"user:{admin.pk}:{team.pk}")

        collect_notices()

        seen = {item["holder"] for item in viewer.get("/api/notices").json()["items"]}
        assert seen == {"mine", "Ours", own.username}
        filtered = viewer.get(f"/api/notices?level=key&holder_id={mine.pk}").json()["items"]
        assert [item["holder"] for item in filtered] == ["mine"]

    def test_what_nobody_understands_stops_nothing(self, team: Team) -> None:
        client: Any = get_redis()
        client.xadd(NOTICES_STREAM, {"holder": "planet:earth"})
        note("key:999999")
        note("user:1")
        note(f"team:{team.pk}", window="year")
        note(f"team:{team.pk}")

        collect_notices()

        assert [notice.holder for notice in LimitNotice.objects.all()] == [team.name]
        assert client.xlen(NOTICES_STREAM) == 0

    def test_a_timeline_of_something_else_is_left_alone(self, admin_client: Client) -> None:
        assert admin_client.get("/api/timeline?subject=key:abc").status_code == 200
