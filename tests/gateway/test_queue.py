"""The line before a model that is not loaded yet."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, NO_TLS, House, Served
from tests.gateway.sleepy import deployment
from tests.waiting import eventually

Start = Callable[..., Served]
Asking = Callable[..., "Future[httpx.Response]"]


@pytest.fixture
def ask() -> Iterator[Asking]:
    """Sends a request from a thread of its own."""
    with ThreadPoolExecutor(32) as people:

        def send(gateway: Served, **body: Any) -> "Future[httpx.Response]":
            return people.submit(
                httpx.post,
                f"{gateway.url}/chat/completions",
                json={"model": "sleepy", "messages": [], **body},
                headers=HEADERS,
                timeout=30,
                verify=NO_TLS,
            )

        yield send


def wake(house: House, *urls: str, slots: int = 2, **values: Any) -> None:
    house.deployments = [deployment(*urls, slots=slots, **values)]
    house.publish()


def waiting(gateway: Served) -> float:
    return next(
        metric.samples[0].value
        for metric in gateway.app.collect()
        if metric.name == "hearth_gateway_requests_waiting"
    )


def in_line(
    gateway: Served, ask: Asking, count: int, **body: Any
) -> list["Future[httpx.Response]"]:
    """So many requests that have come one after the other."""
    asked = []
    for number in range(count):
        asked.append(ask(gateway, seed=number, **body))
        eventually(lambda: waiting(gateway) == len(asked), within=30)
    return asked


class TestPositions:
    def test_each_reply_says_where_it_stood(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway()
        asked = in_line(gateway, ask, 4)
        wake(sleepy, upstream.url)

        replies = [each.result() for each in asked]

        assert [reply.status_code for reply in replies] == [200] * 4
        assert [reply.headers["x-queue-position"] for reply in replies] == ["1", "2", "3", "4"]
        records = sleepy.wait_for_usage(4)
        assert sorted(record.queue_position or 0 for record in records) == [1, 2, 3, 4]
        assert all('"waited"' in record.trace for record in records)

    @pytest.mark.slow
    def test_a_stream_hears_how_it_moves_up(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)
        in_line(gateway, ask, 1, stream=True, max_tokens=10, pace=0.2)
        with httpx.stream(
            "POST",
            f"{gateway.url}/chat/completions",
            json={"model": "sleepy", "messages": [], "stream": True},
            headers=HEADERS,
            timeout=30,
        ) as last:
            lines = last.iter_lines()
            said = [next(lines)]
            wake(sleepy, upstream.url, slots=1)
            said += lines

        assert last.headers["x-queue-position"] == "2"
        assert re.fullmatch(r": waiting, position 2 of 2, loading \d+ s", said[0])
        waited = [line for line in said if line.startswith(": waiting")]
        assert waited[-1] == ": waiting, position 1 of 1"  # loaded, and the only slot is taken
        assert "data: [DONE]" in said

    def test_who_did_not_wait_has_no_position(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        sleepy.deployments = [deployment(upstream.url, slots=2)]

        assert "x-queue-position" not in ask(start_gateway()).result().headers


class TestOrder:
    def test_first_come_first_served_and_no_more_than_there_are_slots(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway()
        asked = in_line(gateway, ask, 8, stream=True, max_tokens=4, pace=0.05)
        most = 0
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.001):
                most = max(most, upstream.active)

        watching = threading.Thread(target=watch)
        watching.start()
        wake(sleepy, upstream.url, slots=2)
        texts = [each.result().text for each in asked]
        done.set()
        watching.join()

        assert all(text.endswith("data: [DONE]\n\n") for text in texts)
        came = [seen.body["seed"] for seen in upstream.seen]
        assert max(abs(seed - place) for place, seed in enumerate(came)) <= 1  # two at once
        assert most <= 3  # it notes the end of a reply after the gateway has

    @pytest.mark.slow
    def test_two_replicas_take_twice_as_many(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway()
        asked = in_line(gateway, ask, 6, user="slow")
        with FaultyUpstream() as second:
            wake(sleepy, upstream.url, second.url, slots=2)
            eventually(lambda: (upstream.active, second.active) == (2, 2), within=30)
            assert waiting(gateway) == 2
            gateway.stop()
            for each in asked:
                each.exception()

    @pytest.mark.slow
    def test_who_comes_later_does_not_pass(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway()
        asked = in_line(gateway, ask, 2, stream=True, max_tokens=20, pace=0.05)
        wake(sleepy, upstream.url, slots=1)
        eventually(lambda: upstream.active == 1, within=30)

        late = ask(gateway, seed=99)

        assert late.result().headers["x-queue-position"] in ("1", "2")
        assert [seen.body["seed"] for seen in upstream.seen] == [0, 1, 99]
        assert {each.result().status_code for each in asked} == {200}


class TestLeaving:
    def test_a_place_that_is_left_is_free(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)
        with socket.create_connection(("127.0.0.1", gateway.port)) as impatient:
            body = b'{"model":"sleepy","messages":[]}'
            impatient.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: %s\r\n"
                b"content-length: %d\r\n\r\n%s"
                % (HEADERS["authorization"].encode(), len(body), body)
            )
            eventually(lambda: waiting(gateway) == 1, within=30)
            patient = ask(gateway, stream=True)
            eventually(lambda: waiting(gateway) == 2, within=30)
        eventually(lambda: waiting(gateway) == 1, within=30)

        wake(sleepy, upstream.url, slots=1)

        text = patient.result().text
        assert patient.result().headers["x-queue-position"] == "2"
        assert text.endswith("data: [DONE]\n\n")
        assert upstream.asked == 1

    @pytest.mark.slow
    def test_who_is_sent_away_as_a_place_becomes_free_does_not_stay(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Start, ask: Asking
    ) -> None:
        """All are cancelled at once when the gateway stops, and each who goes moves the next up."""
        gateway = start_gateway()
        asked = in_line(gateway, ask, 6, user="slow")
        wake(sleepy, upstream.url, slots=2)
        eventually(lambda: (upstream.active, waiting(gateway)) == (2, 4), within=30)

        gateway.stop()

        codes = [each.result().json()["error"]["code"] for each in asked]
        assert codes == ["gateway_stopped"] * 6

    @pytest.mark.slow
    def test_when_loading_fails_everybody_is_told(
        self, sleepy: House, start_gateway: Start, ask: Asking
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)
        asked = in_line(gateway, ask, 3)
        wake(sleepy, state="failed", state_reason="It needs 9 GB.")

        codes = [each.result().json()["error"]["code"] for each in asked]

        assert codes == ["load_failed"] * 3
        assert waiting(gateway) == 0
