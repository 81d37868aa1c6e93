"""What a key is for, from where, and with which of its secrets."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.route_table import RouteTable
from apps.gateway.dataplane.table_reading import build_table
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, NO_TLS, SECRET, House, Served, post, wait_until_known

OLD_SECRET = "hk_live_" + "o" * 32


def caller(**fields: Any) -> keys.Caller:
    return table(**fields).keys[keys.digest(SECRET)]


def table(**fields: Any) -> RouteTable:
    entry = snapshot.KeyEntry(id=1, team_id=1, digest=keys.digest(SECRET), **fields)
    document = snapshot.Snapshot(version=1, keys=[entry])
    return build_table(document, decrypt=str, before=RouteTable())


def refusal(who: keys.Caller, address: str, *, scope: str = "infer") -> GatewayError | None:
    try:
        keys.check_access(who, address, scope=scope)
    except GatewayError as error:
        return error
    return None


class TestNetworks:
    @pytest.mark.parametrize(
        ("networks", "address", "admitted"),
        [
            ([], "203.0.113.9", True),
            (["10.0.0.0/8"], "10.255.0.1", True),
            (["10.0.0.0/8"], "11.0.0.1", False),
            (["10.0.0.7"], "10.0.0.7", True),
            (["10.0.0.7/8"], "10.200.0.1", True),  # the host's part of it does not matter
            (["2001:db8::/32", "192.0.2.0/24"], "2001:db8::5", True),
            (["2001:db8::/32"], "2001:db9::5", False),
            (["fe80::/10"], "fe80::1%eth0", True),
            (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
            (["10.0.0.0/8"], "", False),
            (["10.0.0.0/8"], "a-name", False),
            (["nonsense"], "10.0.0.1", False),  # a list that is wrong opens no door
            (["nonsense", "10.0.0.0/8"], "10.0.0.1", True),
        ],
    )
    def test_who_is_let_in(self, networks: list[str], address: str, admitted: bool) -> None:
        error = refusal(caller(networks=networks), address)
        assert (error is None) == admitted

    def test_the_refusal_says_which_address_came(self) -> None:
        error = refusal(caller(networks=["10.0.0.0/8"]), "203.0.113.9")
        assert error is not None
        assert (error.status, error.code) == (403, "address_not_allowed")
        assert "203.0.113.9" in error.message


class TestScopes:
    @pytest.mark.parametrize("scopes", [("manage",), ("metrics", "manage"), ()])
    def test_a_key_that_is_not_for_models(self, scopes: tuple[str, ...]) -> None:
        error = refusal(caller(scopes=scopes), "127.0.0.1")
        assert error is not None
        assert (error.status, error.code) == (403, "scope_missing")
        assert "'infer'" in error.message

    def test_one_of_several_is_enough(self) -> None:
        assert refusal(caller(scopes=("manage", "infer")), "127.0.0.1") is None


class TestModels:
    @pytest.mark.parametrize(
        ("models", "denied", "allowed"),
        [
            (None, [], True),
            (["tiny"], [], True),
            (["other"], [], False),
            (None, ["tiny"], False),
            (["tiny"], ["tiny"], False),
            ([], [], False),
        ],
    )
    def test_allow_and_deny(
        self, models: list[str] | None, denied: list[str], allowed: bool
    ) -> None:
        assert caller(models=models, denied_models=denied).may_use("tiny") == allowed


class TestRotation:
    def authorise(self, secret: str, now: float, **fields: Any) -> keys.Caller:
        headers = [(b"authorization", f"Bearer {secret}".encode())]
        rotated = table(previous_digest=keys.digest(OLD_SECRET), **fields)
        return keys.authorise(headers, rotated.keys, b"", now)

    def test_both_secrets_are_one_key_while_they_overlap(self) -> None:
        limits = snapshot.Limits(parallel=1)
        new = self.authorise(SECRET, 99.0, previous_until=100.0, limits=limits)
        old = self.authorise(OLD_SECRET, 99.0, previous_until=100.0, limits=limits)
        assert new.key_id == old.key_id == 1
        assert [h.name for h in new.holders] == [h.name for h in old.holders] == ["key:1"]

    def test_the_old_one_ends(self) -> None:
        assert self.authorise(SECRET, 100.0, previous_until=100.0).key_id == 1
        with pytest.raises(GatewayError, match="expired"):
            self.authorise(OLD_SECRET, 100.0, previous_until=100.0)

    def test_it_does_not_outlive_the_key(self) -> None:
        with pytest.raises(GatewayError, match="expired"):
            self.authorise(OLD_SECRET, 60.0, previous_until=100.0, expires_at=50.0)

    def test_without_a_time_it_is_over(self) -> None:
        with pytest.raises(GatewayError, match="not known"):
            self.authorise(OLD_SECRET, 1.0)


class TestOnTheWire:
    @pytest.fixture
    def ask(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> Callable[..., list[httpx.Response]]:
        """A completion and the list of models, with a key of these fields."""

        def asked(**fields: Any) -> list[httpx.Response]:
            house.keys = [snapshot.KeyEntry(id=1, team_id=1, digest=keys.digest(SECRET), **fields)]
            house.serve("tiny", upstream.url)
            gateway = start_gateway()
            listed = httpx.get(f"{gateway.url}/models", headers=HEADERS, timeout=30, verify=NO_TLS)
            return [post(gateway), listed]

        return asked

    def test_scope(self, ask: Callable[..., list[httpx.Response]]) -> None:
        for reply in ask(scopes=("metrics",)):
            assert reply.status_code == 403
            assert reply.json()["error"]["code"] == "scope_missing"

    def test_network(self, ask: Callable[..., list[httpx.Response]]) -> None:
        for reply in ask(networks=["10.0.0.0/8"]):
            assert reply.status_code == 403
            assert "127.0.0.1" in reply.json()["error"]["message"]

    def test_own_network(self, ask: Callable[..., list[httpx.Response]]) -> None:
        assert [reply.status_code for reply in ask(networks=["127.0.0.0/8"])] == [200, 200]

    def test_denied_model(self, ask: Callable[..., list[httpx.Response]]) -> None:
        refused, listed = ask(denied_models=["tiny"])
        assert refused.status_code == 403
        assert listed.json()["data"] == []

    def test_rotation_takes_effect_while_requests_come(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.keys = [snapshot.KeyEntry(id=1, team_id=1, digest=keys.digest(OLD_SECRET))]
        house.serve("tiny", upstream.url)
        gateway = start_gateway()
        old = {"authorization": f"Bearer {OLD_SECRET}"}
        body = {"model": "tiny", "messages": []}

        def status(headers: dict[str, str]) -> int:
            url = f"{gateway.url}/chat/completions"
            reply = httpx.post(url, json=body, headers=headers, timeout=30, verify=NO_TLS)
            return reply.status_code

        assert (status(old), status(HEADERS)) == (200, 401)

        def rotated(until: float) -> snapshot.KeyEntry:
            return snapshot.KeyEntry(
                id=1,
                team_id=1,
                digest=keys.digest(SECRET),
                previous_digest=keys.digest(OLD_SECRET),
                previous_until=until,
            )

        house.keys = [rotated(time.time() + 60)]
        wait_until_known(gateway, house.publish(), within=30)
        assert (status(old), status(HEADERS)) == (200, 200)
        house.keys = [rotated(time.time() - 1)]
        wait_until_known(gateway, house.publish(), within=30)
        assert (status(old), status(HEADERS)) == (401, 200)
