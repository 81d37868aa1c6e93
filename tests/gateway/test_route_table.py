"""Whose request goes where."""

from collections import Counter
from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.health import Load
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.picking import pick
from apps.gateway.dataplane.route_table import (
    Address,
    Endpoint,
    Fallback,
    Route,
    RouteTable,
    ServedDeployment,
    Target,
    fallback_for,
    wakeable,
)
from apps.gateway.dataplane.table_build import parse_base_url
from apps.gateway.dataplane.table_reading import build_table


def endpoint(name: str, **load: Any) -> Endpoint:
    address = Address(secure=False, host=name, port=80, path="/v1")
    return Endpoint(id=name, name=name, address=address, load=Load(**load))


def route(*targets: Target, **given: Any) -> Route:
    return Route(name="r", team_id=1, targets=targets, **given)


def picked(route: Route, *, tried: frozenset[str] = frozenset(), times: int = 1) -> Counter[str]:
    choices = [pick(route, tried, now=100.0) for _ in range(times)]
    return Counter(choice.endpoint.name for choice in choices if choice is not None)


class TestPick:
    def test_the_least_busy(self) -> None:
        busy, idle = endpoint("busy", inflight=3), endpoint("idle", inflight=1)

        assert picked(route(Target((busy, idle))), times=20) == {"idle": 20}

    def test_equals_share(self) -> None:
        shared = picked(route(Target((endpoint("a"),)), Target((endpoint("b"),))), times=200)

        assert min(shared["a"], shared["b"]) > 50

    def test_weights_decide_between_targets(self) -> None:
        heavy = Target((endpoint("heavy", inflight=9),), weight=9)
        light = Target((endpoint("light"),), weight=1)

        drawn = picked(route(heavy, light), times=500)

        assert 380 < drawn["heavy"] < 490

    def test_what_was_tried_is_left_out(self) -> None:
        both = route(Target((endpoint("a"), endpoint("b"))))

        assert picked(both, tried=frozenset({"a"}), times=5) == {"b": 5}
        assert pick(both, {"a", "b"}, now=0) is None

    def test_one_that_failed_a_moment_ago_is_the_last_resort(self) -> None:
        failed = endpoint("failed", doubted_until=101.0)

        assert picked(route(Target((failed, endpoint("ok", inflight=5)))), times=5) == {"ok": 5}
        assert picked(route(Target((failed,)))) == {"failed": 1}

    def test_nothing_there(self) -> None:
        assert pick(route(), set(), now=0) is None


class TestColdAndFallback:
    def test_only_sleepers_that_load_on_demand_can_be_woken(self) -> None:
        asleep = ServedDeployment(id=1, name="a", on_demand=True, state="asleep")
        stopped = ServedDeployment(id=2, name="b", on_demand=False, state="failed")
        awake = ServedDeployment(id=3, name="c", on_demand=True, state="ready")

        found = wakeable(
            route(
                Target((), deployment=asleep),
                Target((), deployment=stopped),
                Target((endpoint("x"),), deployment=awake),
            )
        )

        assert found == [asleep]

    def test_the_first_step_for_a_cause(self) -> None:
        steps = (
            Fallback(frozenset({"cold"}), "quick"),
            Fallback(frozenset({"5xx", "cold"}), "other"),
        )

        assert fallback_for(route(fallbacks=steps), "cold") == "quick"
        assert fallback_for(route(fallbacks=steps), "5xx") == "other"
        assert fallback_for(route(fallbacks=steps), "429") is None


class TestWhoSeesWhat:
    table = RouteTable(
        routes={
            (1, "mine"): Route("mine", 1, ()),
            (2, "theirs"): Route("theirs", 2, ()),
            (None, "all"): Route("all", None, ()),
            (None, "mine"): Route("mine", None, ()),
        }
    )

    def test_a_team_sees_its_own_and_the_shared(self) -> None:
        listed = [route for _, route in self.table.list_for(Caller(team_id=1))]

        assert [(each.name, each.team_id) for each in listed] == [("all", None), ("mine", 1)]

    def test_an_allow_list_narrows(self) -> None:
        caller = Caller(team_id=1, models=frozenset({"all", "theirs"}))

        assert [name for name, _ in self.table.list_for(caller)] == ["all"]
        with pytest.raises(GatewayError) as refused:
            self.table.get_for(caller, "mine")
        assert refused.value.status == 403
        with pytest.raises(GatewayError) as unknown:
            self.table.get_for(caller, "theirs")
        assert unknown.value.status == 404


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("http://h:1234", Address(False, "h", 1234, "/v1")),
            ("http://h/", Address(False, "h", 80, "/v1")),
            ("https://h/api/v1/", Address(True, "h", 443, "/api/v1")),
            ("http://[::1]:9/x", Address(False, "::1", 9, "/x")),
        ],
    )
    def test_read(self, url: str, expected: Address) -> None:
        assert parse_base_url(url) == expected

    @pytest.mark.parametrize(
        "url",
        [
            "", "h:80", "ftp://h", "http://h/a b", "http://a b/v1", "http://a\tb/v1",
            "http://a\x00b/v1", "http://h:99999", "http://u:pass@h/v1", "http://:pass@h/v1",
        ],
    )  # fmt: skip
    def test_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            parse_base_url(url)


class TestBuilding:
    def test_gauges_outlive_the_table_and_bad_rows_are_left_out(self) -> None:
        document = snapshot.Snapshot(
            version=1,
            upstreams=[
                snapshot.UpstreamEntry(id=1, name="good", base_url="http://h:1"),
                snapshot.UpstreamEntry(id=2, name="odd", base_url="nonsense"),
                snapshot.UpstreamEntry(id=3, name="sealed", base_url="http://h:3", sealed_key="x"),
            ],
            routes=[
                snapshot.RouteEntry(
                    name="r",
                    team_id=1,
                    targets=[snapshot.TargetEntry(upstream_id=n) for n in (1, 2, 3, 4)],
                )
            ],
        )
        first = build_table(document, decrypt=refuse, before=RouteTable())
        endpoints = list(first.endpoints())
        endpoints[0].load.inflight = 7

        second = build_table(document, decrypt=refuse, before=first)

        assert [each.name for each in endpoints] == ["good"]
        assert [each.load.inflight for each in second.endpoints()] == [7]

    def test_the_version_is_read_from_the_first_bytes(self) -> None:
        raw = snapshot.encode(snapshot.Snapshot(version=1_763_000_000_123_456))

        assert snapshot.version_of(raw[: snapshot.VERSION_BYTES]) == 1_763_000_000_123_456
        assert snapshot.version_of(b"") is None
        assert snapshot.version_of(b'{"keys":[]}') is None


def refuse(_sealed: str) -> str:
    raise InvalidToken
