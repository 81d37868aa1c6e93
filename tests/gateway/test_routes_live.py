"""Routes as clients meet them: names, affinity, decisions shown, and edits under traffic."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest

from apps.gateway.dataplane import keys, snapshot
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import (
    HEADERS,
    NO_TLS,
    TICKET_SECRET,
    House,
    Served,
    post,
    wait_until_known,
)
from tests.waiting import eventually

Start = Callable[..., Served]


@pytest.fixture
def three(house: House) -> Iterator[list[FaultyUpstream]]:
    """`tiny` at three upstreams."""
    with ExitStack() as stack:
        servers = [stack.enter_context(FaultyUpstream()) for _ in range(3)]
        house.serve("tiny", *(server.url for server in servers))
        yield servers


def served_by(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.headers["x-served-by"])


class TestNames:
    def test_an_alias_is_the_route_by_another_name(
        self, house: House, upstream: FaultyUpstream, start_gateway: Start
    ) -> None:
        house.serve("tiny", upstream.url)
        house.change_route("tiny", aliases=["gpt-4o"])
        gateway = start_gateway()

        reply = post(gateway, model="gpt-4o")

        assert reply.headers["x-hearth-route"] == "tiny"
        assert upstream.seen[0].body["model"] == "tiny"
        record = house.wait_for_usage(1)[0]
        assert (record.model, record.route) == ("gpt-4o", "tiny")

    def test_only_our_own_decisions_are_told(
        self, house: House, upstream: FaultyUpstream, start_gateway: Start
    ) -> None:
        """The upstream may be a gateway like this one."""
        upstream.reply_headers = {
            "x-hearth-route": "theirs",
            "x-fallback-reason": "cold; from=theirs",
            "x-queue-position": "9",
            "x-hearth-leaves-house": "yes",
        }
        house.serve("tiny", upstream.url)

        reply = post(start_gateway())

        assert reply.headers["x-hearth-route"] == "tiny"
        assert "x-fallback-reason" not in reply.headers
        assert "x-queue-position" not in reply.headers
        assert reply.headers["x-hearth-leaves-house"] == "yes"  # whoever it was that sent it out

    def test_weights_share_the_requests(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        weights = (6.0, 3.0, 0.0)
        house.change_route(
            "tiny",
            targets=[
                snapshot.TargetEntry(upstream_id=number, weight=weight)
                for number, weight in enumerate(weights, 1)
            ],
        )
        gateway = start_gateway()

        for _ in range(90):
            post(gateway)

        assert 40 <= three[0].asked <= 80
        assert three[0].asked + three[1].asked == 90


class TestAffinity:
    def test_a_session_stays_where_it_was_and_sessions_spread(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        house.change_route("tiny", affinity="session")
        gateway = start_gateway()

        places = {
            session: {served_by(post(gateway, user=f"s{session}")) for _ in range(3)}
            for session in range(12)
        }

        assert all(len(where) == 1 for where in places.values())
        assert len(set.union(*places.values())) > 1

    def test_the_same_in_every_process(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        house.change_route("tiny", affinity="session")
        one, other = start_gateway(), start_gateway(cache_file=None, spool_dir=None)

        for session in range(6):
            named = {"prompt_cache_key": f"s{session}"}
            assert served_by(post(one, **named)) == served_by(post(other, **named))

    def test_turns_of_a_conversation_meet_their_prefix_again(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        house.change_route("tiny", affinity="prefix")
        gateway = start_gateway()
        turns = [{"role": "user", "content": "How are you?"}]
        places = Counter[str]()

        for number in range(4):
            places[served_by(post(gateway, messages=turns, stream=number % 2 == 0))] += 1
            turns = [*turns, {"role": "assistant", "content": "Well."}]
            turns = [*turns, {"role": "user", "content": f"And at {number}?"}]

        assert list(places.values()) == [4]

    @pytest.mark.slow
    def test_a_favourite_that_fails_is_replaced_for_as_long_as_it_does(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        house.change_route("tiny", affinity="session")
        gateway = start_gateway()
        favourite = served_by(post(gateway, user="me"))
        server = three[int(favourite.removeprefix("up-")) - 1]
        server.status = 503

        assert {served_by(post(gateway, user="me")) for _ in range(4)} == {
            served_by(post(gateway, user="me"))
        }
        assert served_by(post(gateway, user="me")) != favourite

        server.status = 200
        eventually(lambda: served_by(post(gateway, user="me")) == favourite, within=30)


class TestTrace:
    def ask(self, gateway: Served, secret: str, **body: Any) -> httpx.Response:
        return httpx.post(
            f"{gateway.url}/chat/completions",
            json={"model": "tiny", "messages": [], **body},
            headers={"authorization": f"Bearer {secret}", "x-hearth-trace": "1"},
            timeout=30,
            verify=NO_TLS,
        )

    def ticket(self) -> str:
        return keys.make_ticket(TICKET_SECRET, user_id=1, team_id=1, expires_at=time.time() + 60)

    def test_an_ordinary_request_has_none(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        reply = post(start_gateway())

        assert "x-hearth-trace" not in reply.headers
        assert "x-fallback-reason" not in reply.headers
        assert house.wait_for_usage(1)[0].trace == ""

    def test_whoever_signed_in_sees_every_decision(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        three[0].status = 503
        house.change_route("tiny", targets=house.routes[0].targets[:2])
        house.upstreams[1] = msgspec.structs.replace(house.upstreams[1], problem="Küche: away →.")

        reply = self.ask(start_gateway(), self.ticket(), stream=True)

        steps = msgspec.json.decode(reply.headers["x-hearth-trace"])
        assert [(step["step"], step["target"]) for step in steps] == [
            ("skipped", "up-2"),
            ("failed", "up-1"),
            ("picked", "up-2"),
        ]
        assert steps[0]["reason"] == "doubtful: Küche: away →."
        assert (steps[1]["outcome"], steps[1]["reason"]) == ("5xx", "answered 503")
        assert steps[0]["at_ms"] <= steps[1]["at_ms"] <= steps[2]["at_ms"]
        assert msgspec.json.decode(house.wait_for_usage(1)[0].trace) == steps

    def test_a_refusal_shows_it_as_well(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        house.upstreams = [
            msgspec.structs.replace(each, leaves_house=True) for each in house.upstreams
        ]

        reply = self.ask(start_gateway(), self.ticket())

        assert reply.status_code == 503
        steps = msgspec.json.decode(reply.headers["x-hearth-trace"])
        assert [step["target"] for step in steps] == ["up-1", "up-2", "up-3"]
        assert "outside the house" in steps[0]["reason"]

    def test_a_key_for_inference_does_not(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        reply = self.ask(start_gateway(), HEADERS["authorization"].removeprefix("Bearer "))

        assert "x-hearth-trace" not in reply.headers


class TestEditsUnderTraffic:
    @pytest.mark.slow
    def test_fifty_edits_drop_nothing(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        """Targets come and go, weights and fallbacks change, while streams run all the time."""
        gateway = start_gateway()
        stop = threading.Event()
        outcomes: Counter[str] = Counter()

        def stream() -> None:
            with httpx.Client(verify=NO_TLS, timeout=30) as client:
                while not stop.is_set():
                    reply = client.post(
                        f"{gateway.url}/chat/completions",
                        json={
                            "model": "tiny",
                            "messages": [],
                            "stream": True,
                            "max_tokens": 10,
                            "pace": 0.01,
                        },
                        headers=HEADERS,
                    )
                    whole = reply.text.endswith("data: [DONE]\n\n")
                    outcomes["whole" if reply.status_code == 200 and whole else reply.text] += 1

        original = house.routes[0].targets
        with ThreadPoolExecutor(8) as people:
            running = [people.submit(stream) for _ in range(8)]
            for number in range(50):
                house.change_route(
                    "tiny",
                    targets=[
                        msgspec.structs.replace(target, weight=1.0 + (number + place) % 3)
                        for place, target in enumerate(original)
                        if place != number % 3
                    ],
                )
                version = house.publish()
                wait_until_known(gateway, version, within=30)
            stop.set()
            for each in running:
                each.result()

        assert list(outcomes) == ["whole"]
        assert outcomes["whole"] > 20
        assert all(server.asked for server in three)

    @pytest.mark.slow
    def test_an_edit_arrives_even_without_its_announcement(
        self, house: House, three: list[FaultyUpstream], start_gateway: Start
    ) -> None:
        gateway = start_gateway(poll_seconds=1.0)
        version = time.time_ns() // 1000
        document = snapshot.Snapshot(version, house.keys, house.upstreams, [], [])
        with house.redis.client() as client:
            client.set(snapshot.SNAPSHOT_KEY, snapshot.encode(document))

        wait_until_known(gateway, version, within=30)

        assert post(gateway).status_code == 404
