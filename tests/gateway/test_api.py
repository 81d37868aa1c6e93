"""Keys, upstreams, routes and usage over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.actions.publishing import _send
from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.usage import UsageRecord, new_id
from apps.gateway.models import ApiKey, Upstream
from apps.operations.models import Operation
from tests.factories.accounts import make_team, make_user
from tests.gateway.faulty_upstream import FaultyUpstream
from worker_jobs import upstreams as _upstream_jobs  # noqa: F401 - registers the probe

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


def published() -> snapshot.Snapshot:
    raw: Any = get_redis().get(snapshot.SNAPSHOT_KEY)
    return snapshot.decode(str(raw).encode())


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/{path}", body, content_type="application/json")


class TestKeys:
    def test_the_secret_is_shown_once_and_never_stored(
        self, admin_client: Client, admin: User
    ) -> None:
        issued = post(admin_client, "keys", name="laptop", models=["tiny"])

        assert issued.status_code == 201
        secret = issued.json()["secret"]
        assert secret.startswith("hk_live_")
        assert len(secret) == len("hk_live_") + 32
        assert issued.json()["prefix"] == secret[:12]
        row = ApiKey.objects.get()
        assert row.digest == keys.digest(secret)
        assert "secret" not in admin_client.get(f"/api/keys/{row.pk}").json()
        entry = published().keys[0]
        assert (entry.id, entry.digest, entry.models) == (row.pk, row.digest, ["tiny"])

    def test_a_revoked_key_leaves_the_table(self, admin_client: Client) -> None:
        key_id = post(admin_client, "keys", name="laptop").json()["id"]

        revoked = admin_client.delete(f"/api/keys/{key_id}")

        assert revoked.json()["state"] == "revoked"
        assert revoked.json()["allowed_actions"][0]["reason"] == "It is already revoked."
        assert published().keys == []
        again = admin_client.delete(f"/api/keys/{key_id}")
        assert again.status_code == 409

    def test_an_expiry_in_the_past_is_refused(self, admin_client: Client) -> None:
        past = (timezone.now() - timedelta(minutes=1)).isoformat()

        refused = post(admin_client, "keys", name="laptop", expires_at=past)

        assert refused.status_code == 422
        assert refused.json()["fix"]
        assert not ApiKey.objects.exists()

    def test_people_see_their_own_keys_and_managers_all(
        self, admin_client: Client, caller_client: Callable[..., Client]
    ) -> None:
        post(admin_client, "keys", name="of the admin")
        viewer = caller_client(Role.VIEWER)
        mine = post(viewer, "keys", name="mine").json()["id"]
        others = ApiKey.objects.exclude(pk=mine).get()

        assert [key["name"] for key in viewer.get("/api/keys").json()["items"]] == ["mine"]
        assert viewer.delete(f"/api/keys/{others.pk}").status_code == 404
        assert len(admin_client.get("/api/keys").json()["items"]) == 2

    def test_no_key_of_another_team(self, admin_client: Client) -> None:
        theirs = make_team(name="Theirs", slug="theirs")
        key, _ = actions.issue_key(team=theirs, owner=make_user(team=theirs), name="k")

        assert admin_client.get(f"/api/keys/{key.pk}").status_code == 404
        assert admin_client.delete(f"/api/keys/{key.pk}").status_code == 404
        assert ApiKey.objects.get().revoked_at is None

    def test_a_ticket_opens_the_gateway(self, admin_client: Client, admin: User) -> None:
        ticket = post(admin_client, "chat-ticket").json()["ticket"]

        caller = keys.read_ticket(
            keys.derive_ticket_secret(settings.SECRET_KEY), ticket, timezone.now().timestamp()
        )
        assert caller.user_id == admin.pk


class TestUpstreams:
    def test_added_probed_and_sealed(
        self,
        admin_client: Client,
        enqueued: Callable[[], list[Operation]],
        run_operation: Callable[[Operation], Operation],
    ) -> None:
        with FaultyUpstream() as server:
            server.models = ["a", "b"]
            added = post(
                admin_client, "upstreams", name="out", base_url=server.url, api_key="sk-1"
            ).json()
            assert added["state"] == "unknown"
            operation = run_operation(enqueued()[0])

        assert operation.state == "succeeded", operation.error
        row = Upstream.objects.get()
        assert row.models_found == ["a", "b"]
        assert "sk-1" not in row.sealed_key
        assert server.seen[0].header("authorization") == "Bearer sk-1"
        shown = admin_client.get(f"/api/upstreams/{added['id']}")
        assert shown.json()["state"] == "reachable"
        assert b"sk-1" not in shown.content
        assert published().upstreams[0].sealed_key == row.sealed_key

    def test_one_that_does_not_answer(
        self,
        admin_client: Client,
        enqueued: Callable[[], list[Operation]],
        run_operation: Callable[[Operation], Operation],
    ) -> None:
        with FaultyUpstream() as gone:
            pass
        post(admin_client, "upstreams", name="out", base_url=gone.url)

        operation = run_operation(enqueued()[0])

        assert operation.state == "failed"
        shown = admin_client.get("/api/upstreams").json()["items"][0]
        assert shown["state"] == "unreachable"
        assert "cannot be reached" in shown["state_reason"]

    @pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a:b@c/v1", "http://x/v1?a=1"])
    def test_what_is_no_address(self, admin_client: Client, url: str) -> None:
        assert post(admin_client, "upstreams", name="out", base_url=url).status_code == 422
        assert not Upstream.objects.exists()

    def test_not_removed_while_a_route_leads_there(self, admin_client: Client) -> None:
        upstream = post(admin_client, "upstreams", name="out", base_url="http://x:1/v1").json()
        route = post(admin_client, "routes", name="r", targets=[{"upstream": "out"}]).json()

        refused = admin_client.delete(f"/api/upstreams/{upstream['id']}")

        assert refused.status_code == 409
        assert "the routes r" in refused.json()["detail"]
        assert admin_client.delete(f"/api/routes/{route['id']}").status_code == 204
        assert admin_client.delete(f"/api/upstreams/{upstream['id']}").status_code == 204
        assert published().upstreams == []


class TestRoutes:
    def test_created_and_published(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")
        post(admin_client, "routes", name="plan-b", targets=[{"upstream": "out"}])

        created = post(
            admin_client,
            "routes",
            name="big",
            targets=[{"upstream": "out", "model": "vendor/big", "weight": 2}],
            fallbacks=[{"on": ["refused", "5xx"], "to": "plan-b"}],
        )

        assert created.status_code == 201, created.content
        entry = next(route for route in published().routes if route.name == "big")
        assert entry.targets[0].model == "vendor/big"
        assert entry.targets[0].weight == 2
        assert entry.fallbacks == [snapshot.FallbackEntry(on=["refused", "5xx"], to="plan-b")]

    @pytest.mark.parametrize(
        "body",
        [
            {"targets": []},
            {"targets": [{}]},
            {"targets": [{"upstream": "nobody"}]},
            {"targets": [{"upstream": "out", "deployment": "out"}]},
            {"targets": [{"upstream": "out", "weight": -1}]},
            {"targets": [{"upstream": "out"}], "fallbacks": [{"on": ["5xx"], "to": "nobody"}]},
            {"targets": [{"upstream": "out"}], "fallbacks": [{"on": ["rain"], "to": "r"}]},
            {"targets": [{"upstream": "out"}], "name": "with space"},
        ],
    )
    def test_what_makes_no_sense(self, admin_client: Client, body: dict[str, Any]) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")

        assert post(admin_client, "routes", **{"name": "r", **body}).status_code == 422
        assert published().routes == []

    def test_a_name_is_given_once(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")
        body = {"name": "r", "targets": [{"upstream": "out"}]}

        assert post(admin_client, "routes", **body).status_code == 201
        assert post(admin_client, "routes", **body).status_code == 409

    def test_viewers_may_not(self, caller_client: Callable[..., Client]) -> None:
        viewer = caller_client(Role.VIEWER)

        assert post(viewer, "routes", name="r", targets=[{"upstream": "x"}]).status_code == 403
        assert post(viewer, "upstreams", name="u", base_url="http://x/v1").status_code == 403


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
