"""Whatever the table and the load, what is picked keeps the rules."""

import math
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.health import Load
from apps.gateway.dataplane.picking import Wish, last_resort, pick, why_none, why_not
from apps.gateway.dataplane.route_table import Address, Endpoint, Route, Target

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = 1000.0
NOBODY: frozenset[str] = frozenset()


def endpoint(name: str, *, inflight: int = 0, **given: Any) -> Endpoint:
    load = Load(inflight=inflight, blocked_until=given.pop("blocked_until", 0.0))
    load.doubted_until = given.pop("doubted_until", 0.0)
    return Endpoint(name, name, Address(False, name, 80, "/v1"), load, **given)


def route(*endpoints: Endpoint, **given: Any) -> Route:
    return Route("r", 1, tuple(Target((each,)) for each in endpoints), **given)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    targets = []
    for number in range(draw(st.integers(0, 4))):
        endpoints = tuple(
            endpoint(
                f"{number}.{index}",
                inflight=draw(st.integers(0, 9)),
                slots=draw(st.sampled_from([None, 1, 4])),
                blocked_until=draw(st.sampled_from([0.0, NOW - 1, NOW + 1, math.inf])),
                doubted_until=draw(st.sampled_from([0.0, NOW + 1])),
                leaves_house=draw(st.booleans()),
                context_length=draw(st.sampled_from([None, 100, 1000])),
            )
            for index in range(draw(st.integers(0, 3)))
        )
        targets.append(Target(endpoints, weight=draw(st.sampled_from([1.0, 1.0, 3.0]))))
    return Route("r", 1, tuple(targets), may_leave_house=draw(st.booleans()))


wishes = st.builds(
    Wish,
    affinity=st.none() | st.integers(0, 2**64 - 1),
    tokens=st.sampled_from([0, 50, 500, 5000]),
    inside=st.booleans(),
)
some_tried = st.frozensets(st.sampled_from(["0.0", "0.1", "1.0", "2.2"]))


class TestTheRules:
    @QUICK
    @given(routes(), some_tried, wishes)
    def test_nothing_forbidden_is_picked(
        self, route: Route, tried: frozenset[str], wish: Wish
    ) -> None:
        choice = pick(route, tried, NOW, wish)

        if choice is None:
            return
        chosen = choice.endpoint
        assert chosen.id not in tried
        assert chosen.load.blocked_until <= NOW
        assert not chosen.leaves_house or (route.may_leave_house and not wish.inside)
        assert chosen.context_length is None or wish.tokens <= chosen.context_length
        assert chosen in choice.target.endpoints

    @QUICK
    @given(routes(), some_tried, wishes)
    def test_somebody_is_picked_while_anybody_is_left(
        self, route: Route, tried: frozenset[str], wish: Wish
    ) -> None:
        reasons = [why_not(each.endpoint, tried, NOW, wish) for each in route.choices]
        left = [reason for reason in reasons if not reason or reason.startswith("doubtful")]

        assert (pick(route, tried, NOW, wish) is not None) == bool(left)

    @QUICK
    @given(routes(), wishes)
    def test_the_doubtful_come_last(self, route: Route, wish: Wish) -> None:
        choice = pick(route, NOBODY, NOW, wish)
        certain = [c for c in route.choices if not why_not(c.endpoint, NOBODY, NOW, wish)]

        if choice is not None and certain:
            assert choice.endpoint.load.doubted_until <= NOW

    @QUICK
    @given(routes(), st.integers(0, 2**64 - 1))
    def test_a_favourite_stays_the_favourite(self, route: Route, key: int) -> None:
        wish = Wish(affinity=key)

        assert pick(route, NOBODY, NOW, wish) == pick(route, NOBODY, NOW, wish)

    @QUICK
    @given(routes(), wishes)
    def test_what_leaves_the_house_is_no_last_resort_either(self, route: Route, wish: Wish) -> None:
        choice = last_resort(route, NOBODY, NOW, wish)

        if choice is not None and choice.endpoint.leaves_house:
            assert route.may_leave_house
            assert not wish.inside


class TestRoom:
    def test_is_relative_to_slots(self) -> None:
        small, large = endpoint("small", inflight=1, slots=1), endpoint("l", inflight=3, slots=8)

        choice = pick(route(small, large), NOBODY, NOW)

        assert choice is not None
        assert choice.endpoint is large

    def test_a_hint_of_the_control_plane_puts_others_first(self) -> None:
        ill, busy = endpoint("ill", problem="It answered 500."), endpoint("busy", inflight=9)

        choice = pick(route(ill, busy), NOBODY, NOW)

        assert choice is not None
        assert choice.endpoint is busy


class TestBoundedLoad:
    def served(self, others: Route, key: int, requests: int) -> Counter[str]:
        counted: Counter[str] = Counter()
        for _ in range(requests):
            choice = pick(others, NOBODY, NOW, Wish(affinity=key))
            assert choice is not None
            choice.endpoint.load.inflight += 1
            counted[choice.endpoint.name] += 1
        return counted

    def test_a_favourite_takes_what_it_has_slots_for_and_then_its_share(self) -> None:
        all_of_them = [endpoint(str(number), slots=4) for number in range(3)]
        counted = self.served(route(*all_of_them), key=7, requests=3)
        assert list(counted.values()) == [3]

        counted += self.served(route(*all_of_them), key=7, requests=27)

        assert max(counted.values()) <= math.ceil(1.25 * 31 / 3)
        assert min(counted.values()) >= 4

    @QUICK
    @given(st.lists(st.integers(0, 20), min_size=2, max_size=6), st.integers(0, 2**64 - 1))
    def test_nobody_gets_much_more_than_its_share(self, loads: list[int], key: int) -> None:
        all_of_them = [endpoint(str(n), inflight=load) for n, load in enumerate(loads)]
        choice = pick(route(*all_of_them), NOBODY, NOW, Wish(affinity=key))

        assert choice is not None
        share = 1.25 * (sum(loads) + 1) / len(loads)
        assert choice.endpoint.load.inflight < max(4, math.ceil(share))


class TestWhyNone:
    def test_what_stands_in_the_way(self) -> None:
        open_one = endpoint("open", blocked_until=math.inf)
        open_one.load.state, open_one.load.cause = "open", "5xx"
        resting = endpoint("resting", blocked_until=NOW + 5)
        small = endpoint("small", context_length=100)

        assert why_none(route(open_one), NOW, Wish()) == "5xx"
        assert why_none(route(resting), NOW, Wish()) == "429"
        assert why_none(route(small), NOW, Wish(tokens=500)) == "context"
        assert why_none(route(), NOW, Wish()) == "cold"


class TestNames:
    def test_an_upstream_is_asked_by_the_name_it_knows(self) -> None:
        one = Target((endpoint("a"),), model="vendor/a")

        assert [each.model for each in Route("r", 1, (one, Target((endpoint("b"),)))).choices] == [
            "vendor/a",
            "r",
        ]

    def test_what_leaves_the_house_needs_the_route_s_word(self) -> None:
        outside = endpoint("out", leaves_house=True)
        closed = route(outside)

        assert closed.choices == ()
        assert closed.withheld == (outside,)
        assert replace(closed, may_leave_house=True).choices[0].endpoint is outside
