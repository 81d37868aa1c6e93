"""API keys over HTTP: issued, changed, revoked, listed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.gateway import actions
from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.usage import UsageRecord, new_id
from apps.gateway.models import ApiKey
from tests.factories.accounts import make_team, make_user
from tests.gateway.control import patch, post, published

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


class TestIssuing:
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


ALL = {
    "models": ["tiny", "big"],
    "denied_models": ["big"],
    "limits": {"requests_per_minute": 5, "tokens_per_day": 1000},
    "scopes": ["infer", "metrics"],
    "networks": ["10.0.0.7/8", "::1"],
    "privacy": "full",
    "max_output_tokens": 64,
    "when_redis_away": "refuse",
}
KEPT = {**ALL, "networks": ["10.0.0.0/8", "::1/128"]}


class TestWhatAKeyMay:
    def test_everything_that_is_asked_for_is_kept_and_published(self, admin_client: Client) -> None:
        issued = post(admin_client, "keys", name="ci", **ALL)

        assert issued.status_code == 201, issued.content
        for name, value in KEPT.items():
            shown = issued.json()[name]
            if name == "limits":
                shown = {window: limit for window, limit in shown.items() if limit is not None}
            assert shown == value, name
        entry = published().keys[0]
        assert entry.limits == snapshot.Limits(requests_per_minute=5, tokens_per_day=1000)
        assert entry.networks == KEPT["networks"]
        assert (entry.scopes, entry.denied_models) == (("infer", "metrics"), ["big"])
        assert (entry.privacy, entry.max_output_tokens) == ("full", 64)
        assert entry.when_redis_away == "refuse"

    def test_a_plain_key_is_for_using_models(self, admin_client: Client) -> None:
        post(admin_client, "keys", name="plain", limits=None, models=None, expires_at=None)

        entry = published().keys[0]
        assert entry.scopes == ("infer",)
        assert not entry.limits
        assert entry.privacy == "metadata"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"limits": {"requests_per_minute": 0}},
            {"limits": {"requests_per_hour": 5}},
            {"limits": {"parallel": "many"}},
            {"scopes": []},
            {"scopes": ["root"]},
            {"networks": ["10.0.0.0/99"]},
            {"networks": ["example.com"]},
            {"privacy": "sealed"},
            {"max_output_tokens": 0},
            {"when_redis_away": "pray"},
            {"models": [""]},
            {"expires_at": "2036-01-01T00:00:00"},
        ],
    )
    def test_what_makes_no_sense(self, admin_client: Client, wrong: dict[str, Any]) -> None:
        refused = post(admin_client, "keys", name="ci", **wrong)

        assert refused.status_code == 422
        assert next(iter(wrong)) in refused.json()["detail"]
        assert not ApiKey.objects.exists()

    def test_only_what_is_sent_is_changed(self, admin_client: Client) -> None:
        key_id = post(admin_client, "keys", name="ci", **ALL).json()["id"]

        changed = patch(
            admin_client, f"keys/{key_id}", limits={"tokens_per_day": 9000}, when_redis_away=None
        )

        assert changed.status_code == 200, changed.content
        assert changed.json()["limits"]["tokens_per_day"] == 9000
        assert changed.json()["limits"]["requests_per_minute"] is None  # limits are set as a whole
        assert changed.json()["privacy"] == "full"
        entry = published().keys[0]
        assert entry.limits == snapshot.Limits(tokens_per_day=9000)
        assert entry.when_redis_away is None
        assert entry.models == ["tiny", "big"]
        everything = patch(admin_client, f"keys/{key_id}", models=None, name="cd")
        assert everything.json()["models"] is None
        assert everything.json()["name"] == "cd"

    def test_the_same_again_changes_nothing(self, admin_client: Client) -> None:
        key_id = post(admin_client, "keys", name="ci", **ALL).json()["id"]
        before = published().version

        assert patch(admin_client, f"keys/{key_id}", **ALL).status_code == 200

        assert published().version == before

    def test_a_revoked_key_is_not_changed(self, admin_client: Client) -> None:
        key_id = post(admin_client, "keys", name="ci").json()["id"]
        admin_client.delete(f"/api/keys/{key_id}")

        assert patch(admin_client, f"keys/{key_id}", name="x").status_code == 409
        assert post(admin_client, f"keys/{key_id}/rotate").status_code == 409

    def test_others_keys_are_issued_by_those_who_manage_them(
        self, admin_client: Client, caller_client: Callable[..., Client], team: Team
    ) -> None:
        somebody = make_user(team=team, role=Role.VIEWER, username="vera")
        issued = post(admin_client, "keys", name="for vera", owner="vera")

        assert issued.json()["owner"] == "vera"
        assert published().keys[0].user_id == somebody.pk
        viewer = caller_client(Role.VIEWER)
        assert post(viewer, "keys", name="k", owner="vera").status_code == 403
        assert post(admin_client, "keys", name="k", owner="nobody").status_code == 404

    def test_nobody_comes_by_a_key_that_opens_more_than_they_may_do(
        self, admin_client: Client, caller_client: Callable[..., Client], team: Team
    ) -> None:
        make_user(team=team, role=Role.ADMIN, username="anna")
        make_user(team=team, role=Role.VIEWER, username="vera")
        deployer = caller_client(Role.DEPLOYER)
        theirs = post(admin_client, "keys", name="m", owner="anna", scopes=["manage"])
        lesser = post(deployer, "keys", name="i", owner="anna").json()["id"]

        refused = post(deployer, "keys", name="m", owner="anna", scopes=["manage"])
        assert refused.status_code == 403
        assert "anna" in refused.json()["fix"]
        path = f"keys/{theirs.json()['id']}"
        assert post(deployer, f"{path}/rotate").status_code == 403
        assert patch(deployer, path, networks=[]).status_code == 403
        assert patch(deployer, f"keys/{lesser}", scopes=["manage"]).status_code == 403
        assert patch(deployer, f"keys/{lesser}", name="j").status_code == 200
        assert deployer.delete(f"/api/{path}").status_code == 200
        own = post(deployer, "keys", name="m", owner="vera", scopes=["manage"])
        assert own.status_code == 201

    def test_a_key_is_for_nothing_its_owner_may_not_do(
        self, admin_client: Client, caller_client: Callable[..., Client], team: Team
    ) -> None:
        make_user(team=team, role=Role.AUDITOR, username="otto")

        viewer = caller_client(Role.VIEWER)
        refused = post(viewer, "keys", name="k", scopes=["metrics"])
        assert refused.status_code == 422
        assert "Operator" in refused.json()["fix"]
        assert post(admin_client, "keys", name="k", owner="otto").status_code == 422
        own = post(viewer, "keys", name="k").json()["id"]
        assert patch(viewer, f"keys/{own}", scopes=["infer", "metrics"]).status_code == 422


class TestTheList:
    def test_use_of_a_page_of_keys_costs_one_statement(
        self,
        admin_client: Client,
        admin: User,
        team: Team,
        django_assert_max_num_queries: Callable[[int], Any],
    ) -> None:
        made = [actions.issue_key(team=team, owner=admin, name=f"k{n}")[0] for n in range(30)]
        now = timezone.now()
        actions.record_usage(
            records=[
                UsageRecord(
                    id=new_id(),
                    at=(now - timedelta(hours=back)).timestamp(),
                    team_id=team.pk,
                    endpoint="chat/completions",
                    model="tiny",
                    status=200,
                    key_id=key.pk,
                    user_id=admin.pk,
                    prompt_tokens=10,
                    completion_tokens=5,
                )
                for key in made[:2]
                for back in (0, 0, 3)
            ]
        )
        admin_client.get("/api/keys")  # the session is read once before

        with django_assert_max_num_queries(9) as few:
            listed = admin_client.get("/api/keys?limit=50").json()["items"]
        with django_assert_max_num_queries(len(few)):
            admin_client.get("/api/keys?limit=2")

        use = {key["name"]: key["use"] for key in listed}
        busy = [(hour, count) for hour, count in enumerate(use["k0"]["hours"]) if count]
        assert [count for _, count in busy] == [1, 2]
        assert busy[1][0] - busy[0][0] == 3
        assert sum(use["k1"]["hours"]) == 3
        assert use["k0"]["requests_today"] in (2, 3)  # three hours ago may be yesterday
        assert use["k0"]["tokens_today"] == 15 * use["k0"]["requests_today"]
        assert use["k29"] == {
            "requests_today": 0,
            "tokens_today": 0,
            "tokens_this_month": 0,
            "hours": [0] * 24,
        }
