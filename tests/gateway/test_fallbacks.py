"""Going on with another route: by every cause, plain and streaming, and never in circles."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.link import DEMAND_STREAM
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, House, Served, post
from tests.waiting import eventually

Start = Callable[..., Served]
CONTEXT = b'{"error":{"type":"exceed_context_size_error"}}'
LONG = "word " * 4000


@pytest.fixture
def server() -> Iterator[Callable[..., FaultyUpstream]]:
    with ExitStack() as stack:
        yield lambda **faults: stack.enter_context(FaultyUpstream(**faults))


def sleeping(house: House, name: str, *, number: int = 7) -> None:
    house.deployments.append(
        snapshot.DeploymentEntry(id=number, name=name, state="asleep", on_demand=True)
    )
    target = snapshot.TargetEntry(deployment_id=number)
    house.routes.append(snapshot.RouteEntry(name=name, team_id=1, targets=[target]))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
class TestEveryCause:
    @pytest.mark.parametrize(
        ("cause", "faults"),
        [
            ("refused", {"dies_before_first_byte": True}),
            ("5xx", {"status": 500}),
            ("5xx", {"status": 503}),
            ("429", {"status": 429}),
            ("timeout", {"says_nothing": True}),
            ("context", {"status": 400, "error_body": CONTEXT}),
        ],
    )
    def test_leads_to_the_route_that_is_named_for_it(
        self, house: House, server: Any, start_gateway: Start, cause: str, faults: Any, stream: bool
    ) -> None:
        failing, other, right = server(**faults), server(), server()
        for name, upstream in (("tiny", failing), ("other", other), ("right", right)):
            house.serve(name, upstream.url)
        others: list[Any] = [
            each for each in ("refused", "5xx", "429", "timeout", "context") if each != cause
        ]
        steps = [(others, "other"), ([cause], "right")]
        house.change_route(
            "tiny", fallbacks=[snapshot.FallbackEntry(on=on, to=to) for on, to in steps]
        )

        reply = post(start_gateway(first_byte_seconds=0.4), stream=stream)

        assert reply.status_code == 200
        assert reply.headers["x-served-by"] == "up-3"
        assert reply.headers["x-hearth-route"] == "right"
        assert reply.headers["x-fallback-reason"] == f"{cause}; from=tiny"
        assert ("[DONE]" in reply.text) == stream
        assert [each.asked for each in (failing, other, right)] == [1, 0, 1]
        assert right.seen[0].body["model"] == "right"  # the name it is known by there
        record = house.wait_for_usage(1)[0]
        assert (record.route, record.model) == ("tiny", "tiny")
        assert record.fallback_reason == f"{cause}; from=tiny"

    def test_a_port_where_nobody_listens(
        self, house: House, server: Any, start_gateway: Start, stream: bool
    ) -> None:
        with FaultyUpstream() as gone:
            house.serve("tiny", gone.url)
        house.serve("spare", server().url)
        house.fall_back("tiny", "spare", "refused")

        reply = post(start_gateway(), stream=stream)

        assert reply.headers["x-fallback-reason"] == "refused; from=tiny"

    def test_a_model_that_is_not_loaded(
        self, house: House, server: Any, start_gateway: Start, stream: bool
    ) -> None:
        sleeping(house, "tiny")
        house.serve("spare", server().url)
        house.fall_back("tiny", "spare", "cold")

        reply = post(start_gateway(), stream=stream)

        assert reply.headers["x-fallback-reason"] == "cold; from=tiny"
        assert "x-queue-position" not in reply.headers


class TestOnlyBeforeTheFirstByte:
    @pytest.mark.parametrize("fault", ["break", "break-after-head"])
    def test_what_the_client_has_seen_is_not_begun_again(
        self, house: House, server: Any, start_gateway: Start, fault: str
    ) -> None:
        house.serve("tiny", server().url)
        spare = server()
        house.serve("spare", spare.url)
        house.fall_back("tiny", "spare", "refused", "5xx")

        reply = post(start_gateway(), stream=True, user=fault)

        if fault == "break":
            assert '"upstream_broke"' in reply.text
            assert spare.asked == 0
        else:  # a head is nothing a client has seen; the spare one breaks in the same way
            assert reply.status_code == 502
            assert spare.asked == 1


class TestChains:
    def test_each_route_by_its_own_cause(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        servers = [server(status=503), server(status=429), server(dies_before_first_byte=True)]
        servers.append(server())
        for number, upstream in enumerate(servers):
            house.serve(f"r{number}", upstream.url)
        for number, cause in enumerate(["5xx", "429", "refused"]):
            house.fall_back(f"r{number}", f"r{number + 1}", cause)

        reply = post(start_gateway(), model="r0")

        assert reply.headers["x-served-by"] == "up-4"
        assert reply.headers["x-fallback-reason"] == "5xx; from=r0"
        assert [each.asked for each in servers] == [1, 1, 1, 1]
        trace = msgspec.json.decode(house.wait_for_usage(1)[0].trace)
        assert [(step["step"], step["target"]) for step in trace] == [
            ("failed", "up-1"),
            ("fallback", "r1"),
            ("failed", "up-2"),
            ("fallback", "r2"),
            ("failed", "up-3"),
            ("fallback", "r3"),
            ("picked", "up-4"),
        ]

    @pytest.mark.parametrize("back_to", ["r0", "r1", "also-r0"])
    def test_a_circle_ends(
        self, house: House, server: Any, start_gateway: Start, back_to: str
    ) -> None:
        servers = [server(status=503), server(status=503)]
        for number, upstream in enumerate(servers):
            house.serve(f"r{number}", upstream.url)
        house.change_route("r0", aliases=["also-r0"])
        house.fall_back("r0", "r1", "5xx")
        house.fall_back("r1", back_to, "5xx")

        reply = post(start_gateway(), model="r0")

        assert reply.status_code == 503
        assert [each.asked for each in servers] == [1, 1]

    @pytest.mark.slow
    def test_a_chain_of_time_outs_takes_little_longer_than_one(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        for number in range(4):
            house.serve(f"r{number}", server(says_nothing=True).url)
            if number:
                house.fall_back(f"r{number - 1}", f"r{number}", "timeout")
        gateway = start_gateway(first_byte_seconds=5, attempt_seconds=1)
        began = time.monotonic()

        reply = httpx.post(
            f"{gateway.url}/chat/completions",
            json={"model": "r0", "messages": [], "stream": True},
            headers=HEADERS,
            timeout=60,
        )

        assert reply.status_code == 504
        assert time.monotonic() - began < 15  # twenty, if each had all the time

    def test_what_a_key_is_denied_is_no_fallback_for_it(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        spare = server()
        house.serve("tiny", server(status=503).url)
        house.serve("spare", spare.url)
        house.fall_back("tiny", "spare", "5xx")
        house.keys = [msgspec.structs.replace(house.keys[0], denied_models=["spare"])]

        reply = post(start_gateway())

        assert reply.status_code == 503
        assert spare.seen == []

    @pytest.mark.slow
    def test_after_a_failed_fallback_the_sleeping_model_is_waited_for(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        sleeping(house, "tiny")
        with FaultyUpstream() as gone:
            house.serve("spare", gone.url)
        house.fall_back("tiny", "spare", "cold")

        reply = post(start_gateway(hold_seconds=0.5), stream=False)

        assert reply.json()["error"]["code"] == "load_timeout"

    def test_a_refusal_leads_to_a_model_that_has_to_load(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        house.serve("tiny", server(status=503).url)
        sleeping(house, "big")
        house.fall_back("tiny", "big", "5xx")
        gateway = start_gateway()
        answering = server()
        with ThreadPoolExecutor(1) as people:
            asked = people.submit(post, gateway)
            eventually(lambda: demands(house), within=30)
            replica = snapshot.ReplicaEntry("r1", answering.url)
            house.deployments = [
                msgspec.structs.replace(house.deployments[0], state="ready", replicas=[replica])
            ]
            house.publish()
            reply = asked.result()

        assert reply.headers["x-served-by"] == "big/r1"
        assert reply.headers["x-queue-position"] == "1"


def demands(house: House) -> int:
    with house.redis.client() as client:
        count: Any = client.xlen(DEMAND_STREAM)
    return int(count)


class TestContext:
    def small(self, house: House, url: str, **values: Any) -> None:
        house.serve("tiny", url, **values)
        house.upstreams[-1] = msgspec.structs.replace(house.upstreams[-1], context_length=1024)

    def test_one_that_is_certainly_too_small_is_passed_over(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        small, large = server(), server()
        self.small(house, small.url)
        house.serve("large", large.url)
        house.fall_back("tiny", "large", "context")
        gateway = start_gateway()

        short = post(gateway)
        long = post(gateway, messages=[{"role": "user", "content": LONG}])

        assert short.headers["x-served-by"] == "up-1"
        assert long.headers["x-served-by"] == "up-2"
        assert long.headers["x-fallback-reason"] == "context; from=tiny"
        assert small.asked == 1

    def test_among_several_the_large_one_is_taken(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        self.small(house, server().url)
        house.serve("unused", server().url)
        house.change_route(
            "tiny",
            targets=[snapshot.TargetEntry(upstream_id=number) for number in (1, 2)],
        )
        gateway = start_gateway()

        served = {
            post(gateway, messages=[{"role": "user", "content": LONG}]).headers["x-served-by"]
            for _ in range(6)
        }

        assert served == {"up-2"}

    def test_when_there_is_no_other_it_may_say_so_itself(
        self, house: House, server: Any, start_gateway: Start
    ) -> None:
        small = server(status=400, error_body=CONTEXT)
        self.small(house, small.url)

        reply = post(start_gateway(), messages=[{"role": "user", "content": LONG}])

        assert (reply.status_code, reply.content) == (400, CONTEXT)
        assert small.asked == 1


class TestTheHouse:
    @pytest.fixture
    def outside(self, house: House, server: Any) -> FaultyUpstream:
        """`cloud` is outside, and `tiny` falls back to it because its own server refuses."""
        house.serve("tiny", server(status=503).url)
        upstream: FaultyUpstream = server()
        house.serve("cloud", upstream.url)
        house.upstreams[1] = msgspec.structs.replace(house.upstreams[1], leaves_house=True)
        house.fall_back("tiny", "cloud", "5xx")
        return upstream

    def test_nothing_leaves_without_the_route_s_word(
        self, house: House, outside: FaultyUpstream, start_gateway: Start
    ) -> None:
        reply = post(start_gateway(), model="cloud")

        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "outside_not_allowed"
        assert outside.seen == []

    def test_with_it_the_client_is_told(
        self, house: House, outside: FaultyUpstream, start_gateway: Start
    ) -> None:
        house.change_route("cloud", may_leave_house=True)

        reply = post(start_gateway(), model="cloud")

        assert reply.headers["x-hearth-leaves-house"] == "yes"
        assert outside.asked == 1

    def test_a_fallback_leaves_only_if_the_route_that_was_asked_for_may(
        self, house: House, outside: FaultyUpstream, start_gateway: Start
    ) -> None:
        house.change_route("cloud", may_leave_house=True)
        refused = post(start_gateway(), model="tiny")
        assert refused.status_code == 503
        assert outside.seen == []

        house.change_route("tiny", may_leave_house=True)
        allowed = post(start_gateway(), model="tiny")

        assert allowed.headers["x-hearth-leaves-house"] == "yes"
        assert allowed.headers["x-hearth-route"] == "cloud"
