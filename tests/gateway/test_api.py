"""Usage over HTTP, and the table that gateways follow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.actions.publishing import _send
from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.usage import UsageRecord, new_id
from tests.factories.accounts import make_team
from tests.gateway.control import published

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


def record(team: Team, **values: Any) -> UsageRecord:
    defaults: dict[str, Any] = {
        "id": new_id(),
        "at": timezone.now().timestamp(),
        "team_id": team.pk,
        "endpoint": "chat/completions",
        "model": "tiny",
        "status": 200,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "first_byte_ms": 20.0,
        "total_ms": 120.0,
        "streamed": True,
    }
    return UsageRecord(**{**defaults, **values})


class TestUsage:
    def test_grouped_by_key_and_by_model(
        self, admin_client: Client, admin: User, team: Team
    ) -> None:
        key, _ = actions.issue_key(team=team, owner=admin, name="laptop")
        actions.record_usage(
            records=[
                record(team, key_id=key.pk, user_id=admin.pk),
                record(team, key_id=key.pk, user_id=admin.pk, model="big", status=502),
                record(team, user_id=admin.pk),
            ]
        )

        by_key = admin_client.get("/api/usage?group_by=key").json()["items"]
        by_model = admin_client.get("/api/usage?group_by=model").json()["items"]
        by_day = admin_client.get("/api/usage?group_by=day").json()["items"]

        laptop = next(item for item in by_key if item.get("key") == "laptop")
        assert (laptop["requests"], laptop["failed"]) == (2, 1)
        assert (laptop["prompt_tokens"], laptop["completion_tokens"]) == (20, 10)
        assert laptop["group_id"] == key.pk
        assert {item["model"]: item["requests"] for item in by_model} == {"tiny": 2, "big": 1}
        assert by_day[0]["requests"] == 3
        key.refresh_from_db()
        assert key.last_used_at is not None

    def test_within_a_span(self, admin_client: Client, team: Team) -> None:
        long_ago = timezone.now() - timedelta(days=3)
        actions.record_usage(records=[record(team), record(team, at=long_ago.timestamp())])

        since = (timezone.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
        recent = admin_client.get(f"/api/usage?group_by=model&from={since}").json()
        earlier = admin_client.get(f"/api/usage?group_by=model&to={since}").json()

        assert [item["requests"] for item in recent["items"]] == [1]
        assert [item["requests"] for item in earlier["items"]] == [1]

    def test_a_record_that_comes_twice_is_counted_once(
        self, admin_client: Client, team: Team
    ) -> None:
        twice = record(team)
        actions.record_usage(records=[twice, record(team)])
        actions.record_usage(records=[twice])

        assert admin_client.get("/api/usage").json()["items"][0]["requests"] == 2

    def test_strange_values_are_stored_as_far_as_they_go(self, team: Team) -> None:
        strange = record(team, model="a\x00b" + "c" * 500, completion_tokens=2**40)

        actions.record_usage(records=[strange])

    def test_people_see_their_own_requests(
        self, caller_client: Callable[..., Client], admin: User, team: Team
    ) -> None:
        viewer = caller_client(Role.VIEWER)
        own = User.objects.exclude(pk=admin.pk).get()
        actions.record_usage(records=[record(team, user_id=own.pk), record(team, user_id=admin.pk)])

        listed = viewer.get("/api/requests").json()["items"]

        assert [item["user"] for item in listed] == [own.username]
        assert listed[0]["tokens_per_second"] == 50
        hidden = next(
            item["id"]
            for item in caller_client(Role.OPERATOR).get("/api/requests").json()["items"]
            if item["user"] != own.username
        )
        assert viewer.get(f"/api/requests/{hidden}").status_code == 404

    def test_why(self, admin_client: Client, team: Team) -> None:
        broken = record(team, status=200, error="upstream_broke", served_by="big/1")
        actions.record_usage(records=[broken])

        why = admin_client.get(f"/api/requests/{broken.id}/why").json()

        assert why["cause"].startswith("The server broke off")
        assert any("big/1" in evidence["text"] for evidence in why["evidence"])


class TestTheTable:
    def test_repaired_when_redis_has_lost_it(self, admin: User, team: Team) -> None:
        actions.issue_key(team=team, owner=admin, name="k")
        get_redis().delete(snapshot.SNAPSHOT_KEY)

        assert actions.repair_published_routes()
        assert len(published().keys) == 1
        assert not actions.repair_published_routes()

    def test_an_older_publisher_changes_nothing(self, admin: User, team: Team) -> None:
        actions.issue_key(team=team, owner=admin, name="k")
        before = published()
        assert not _send(snapshot.Snapshot(version=before.version - 1))
        assert published() == before
