"""What a key is for: using models, the REST API, metrics. A test for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.auth import identify_socket
from apps.accounts.models import AuditEntry, PersonalToken, Team, User
from apps.core.errors import Forbidden
from apps.core.permissions import Role
from apps.gateway import actions
from apps.gateway.models import ApiKey
from tests.factories.accounts import make_user
from tests.gateway.control import ask, house_gateway, post
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

Holder = Callable[..., Client]


@pytest.fixture
def with_key(team: Team) -> Holder:
    """`with_key("viewer", scopes=["manage"])`: a program with a key of such a person."""

    def program(role: str, *, address: str = "127.0.0.1", **columns: Any) -> Client:
        owner = make_user(team=team, role=role)
        _, secret = actions.issue_key(team=team, owner=owner, name=role, **columns)
        return Client(headers={"Authorization": f"Bearer {secret}"}, REMOTE_ADDR=address)

    return program


def test_infer_is_for_models_and_nothing_else(
    admin_client: Client,
    admin: User,
    team: Team,
    with_key: Holder,
    upstream: FaultyUpstream,
    tmp_path: Path,
) -> None:
    post(admin_client, "upstreams", name="out", base_url=upstream.url)
    post(admin_client, "routes", name="tiny", targets=[{"upstream": "out"}])
    _, infer = actions.issue_key(team=team, owner=admin, name="i")
    _, manage = actions.issue_key(team=team, owner=admin, name="m", scopes=["manage"])

    with house_gateway(tmp_path) as gateway:
        eventually(lambda: ask(gateway, infer).status_code == 200, within=30)
        refused = ask(gateway, manage)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "scope_missing"
    program = with_key(Role.ADMIN)
    assert program.get("/api/keys").status_code == 403
    assert "manage" in program.get("/api/keys").json()["detail"]
    assert program.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403


def test_manage_is_the_api_as_far_as_the_owners_role_reaches(with_key: Holder, team: Team) -> None:
    deployer = with_key(Role.DEPLOYER, scopes=["manage"])
    viewer = with_key(Role.VIEWER, scopes=["manage"])

    made = post(deployer, "upstreams", name="out", base_url="http://x:1/v1")
    assert made.status_code == 201
    assert viewer.get("/api/upstreams").json()["items"][0]["name"] == "out"
    refused = post(viewer, "upstreams", name="other", base_url="http://x:1/v1")
    assert refused.status_code == 403
    assert "viewer" in refused.json()["detail"]
    entry = AuditEntry.objects.filter(action="add_upstream", result="done").get()
    assert (entry.via, entry.actor_name[:8]) == ("key", "deployer")
    assert ApiKey.objects.filter(name=Role.DEPLOYER).get().last_used_at is not None


def test_metrics_is_for_metrics_of_those_who_may_see_them(with_key: Holder) -> None:
    scraper = with_key(Role.OPERATOR, scopes=["metrics"], address="203.0.113.9")

    assert scraper.get("/metrics").status_code == 200
    assert scraper.get("/api/keys").status_code == 403
    demoted = with_key(Role.OPERATOR, scopes=["metrics"], address="203.0.113.9")
    User.objects.latest("pk").memberships.update(role=Role.VIEWER)
    assert demoted.get("/metrics").status_code == 403


def test_a_key_works_only_from_its_networks(with_key: Holder) -> None:
    networks = ["10.0.0.0/8", "2001:db8::/32"]
    inside = with_key(Role.ADMIN, scopes=["manage"], networks=networks, address="10.1.2.3")
    mapped = with_key(Role.ADMIN, scopes=["manage"], networks=networks, address="::ffff:10.1.2.3")
    outside = with_key(Role.ADMIN, scopes=["manage"], networks=networks, address="192.168.0.1")
    nowhere = with_key(Role.ADMIN, scopes=["manage"], networks=networks, address="")

    assert inside.get("/api/keys").status_code == 200
    assert mapped.get("/api/keys").status_code == 200
    assert outside.get("/api/keys").status_code == 403
    assert "192.168.0.1" in outside.get("/api/keys").json()["detail"]
    assert nowhere.get("/api/keys").status_code == 403


def test_a_key_that_ended_opens_nothing(with_key: Holder) -> None:
    program = with_key(Role.ADMIN, scopes=["manage"])
    assert program.get("/api/keys").status_code == 200

    ApiKey.objects.update(revoked_at=timezone.now())

    refused = program.get("/api/keys")
    assert refused.status_code == 401
    assert refused.json()["fix"]
    unknown = Client(headers={"Authorization": "Bearer hk_live_nobody"})
    assert unknown.get("/api/keys").status_code == 401


def test_a_key_of_somebody_locked_out_opens_nothing(with_key: Holder) -> None:
    program = with_key(Role.ADMIN, scopes=["manage"])

    User.objects.update(is_active=False)

    assert program.get("/api/keys").status_code == 401


def test_a_key_makes_no_successor_for_itself(with_key: Holder) -> None:
    program = with_key(Role.ADMIN, scopes=["manage"])
    own = ApiKey.objects.get()

    assert post(program, "keys", name="k", scopes=["manage"]).status_code == 403
    assert post(program, f"keys/{own.pk}/rotate").status_code == 403
    assert post(program, "tokens", name="forever").status_code == 403
    assert not PersonalToken.objects.exists()
    assert post(program, "keys", name="k").status_code == 201


def test_a_key_opens_no_websocket(admin: User, team: Team) -> None:
    _, secret = actions.issue_key(team=team, owner=admin, name="m", scopes=["manage"])

    with pytest.raises(Forbidden, match="websocket"):
        identify_socket({"headers": [(b"authorization", b"Bearer " + secret.encode())]})
