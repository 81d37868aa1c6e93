"""Rotating a key: two secrets for a while, and the old one's end, on a real gateway."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from apps.gateway.models import ApiKey
from tests.gateway.control import ask, house_gateway, patch, post, published
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import Served
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateway(
    transactional_db: None, admin_client: Client, upstream: FaultyUpstream, tmp_path: Path
) -> Iterator[Served]:
    post(admin_client, "upstreams", name="out", base_url=upstream.url)
    post(admin_client, "routes", name="tiny", targets=[{"upstream": "out"}])
    with house_gateway(tmp_path) as served:
        yield served


def status(gateway: Served, secret: str) -> int:
    return ask(gateway, secret).status_code


def test_both_secrets_work_until_the_overlap_ends(admin_client: Client, gateway: Served) -> None:
    key = post(admin_client, "keys", name="ci").json()
    old = key["secret"]
    eventually(lambda: status(gateway, old) == 200, within=30)

    rotated = post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=2).json()

    new = rotated["secret"]
    assert new != old
    assert rotated["prefix"] == new[:12]
    assert rotated["state"] == "rotating"
    assert "old secret works until" in rotated["state_reason"]
    eventually(lambda: status(gateway, new) == 200, within=30)
    assert status(gateway, old) == 200

    # The overlap is over now, rather than in two hours.
    ApiKey.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    patch(admin_client, f"keys/{key['id']}", name="cd")
    eventually(lambda: status(gateway, old) == 401, within=30)
    assert status(gateway, new) == 200
    assert admin_client.get(f"/api/keys/{key['id']}").json()["state"] == "active"


def test_without_overlap_the_old_secret_ends_at_once(admin_client: Client, gateway: Served) -> None:
    key = post(admin_client, "keys", name="ci").json()
    eventually(lambda: status(gateway, key["secret"]) == 200, within=30)

    rotated = post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=0).json()

    assert rotated["state"] == "active"
    assert published().keys[0].previous_digest == ""
    eventually(lambda: status(gateway, key["secret"]) == 401, within=30)
    assert status(gateway, rotated["secret"]) == 200


def test_revoking_ends_both(admin_client: Client, gateway: Served) -> None:
    key = post(admin_client, "keys", name="ci").json()
    new = post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=168).json()["secret"]
    eventually(lambda: status(gateway, new) == 200, within=30)

    admin_client.delete(f"/api/keys/{key['id']}")

    eventually(lambda: status(gateway, new) == 401, within=30)
    assert status(gateway, key["secret"]) == 401


def test_rotating_twice_ends_the_oldest(admin_client: Client) -> None:
    key = post(admin_client, "keys", name="ci").json()
    second = post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=24).json()["secret"]
    post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=24)

    assert post(admin_client, "keys/test", secret=key["secret"]).status_code == 404
    tested = post(admin_client, "keys/test", secret=second).json()
    assert (tested["secret"], tested["works"]) == ("previous", True)


@pytest.mark.parametrize("hours", [-1, 169, "long"])
def test_no_other_overlap(admin_client: Client, hours: object) -> None:
    key = post(admin_client, "keys", name="ci").json()

    assert post(admin_client, f"keys/{key['id']}/rotate", overlap_hours=hours).status_code == 422


def test_what_has_expired_is_not_rotated(admin_client: Client) -> None:
    key = post(admin_client, "keys", name="ci").json()
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    refused = post(admin_client, f"keys/{key['id']}/rotate")

    assert refused.status_code == 409
    assert "expired" in refused.json()["detail"]
