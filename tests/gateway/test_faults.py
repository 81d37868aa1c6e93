"""What a client, an upstream and the network may do at any moment."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, SECRET, House, Served, post, resident_mib
from tests.waiting import eventually, once_quick

MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]


@contextmanager
def raw_request(gateway: Served, **body: Any) -> Iterator[socket.socket]:
    """A request on a bare socket, so that the test decides when to read and when to leave."""
    payload = json.dumps({"model": "tiny", "messages": MESSAGES, **body}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n"
            b"content-length: %d\r\n\r\n%s" % (SECRET.encode(), len(payload), payload)
        )
        yield connection


class TestTheClientLeaves:
    @pytest.mark.parametrize(
        "body",
        [
            {"user": "slow"},
            {"user": "slow", "stream": True},
            {"stream": True, "max_tokens": 1000, "pace": 0.05},
        ],
        ids=["before a plain reply", "before the first event", "in the middle of a stream"],
    )
    def test_the_upstream_is_cut_within_250_ms(
        self, gateway: Served, upstream: FaultyUpstream, house: House, body: dict[str, Any]
    ) -> None:
        def leave() -> float:
            before = upstream.cut
            with raw_request(gateway, **body) as connection:
                eventually(lambda: upstream.active == 1)
                if "pace" in body:
                    assert connection.recv(4096)
            left_at = time.monotonic()
            eventually(lambda: upstream.cut == before + 1, every=0.005)
            return time.monotonic() - left_at

        once_quick(leave, under=0.25)
        record = house.wait_for_usage(1)[0]
        assert (record.status, record.error) == (499, "client_left")
        assert record.estimated
        assert record.prompt_tokens > 0

    def test_a_hundred_leavers_leave_nothing_behind(
        self, gateway: Served, upstream: FaultyUpstream, house: House
    ) -> None:
        for _ in range(100):
            with raw_request(gateway, stream=True, max_tokens=1000, pace=0.01) as connection:
                connection.recv(64)

        eventually(lambda: upstream.active == 0, within=30)
        records = house.wait_for_usage(100)
        assert len({record.id for record in records}) == 100


class TestASlowReader:
    def test_memory_stays_flat_and_the_upstream_waits(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        assert post(gateway).status_code == 200
        before = resident_mib()

        with raw_request(gateway, stream=True, max_tokens=3000, filler=50_000) as connection:
            connection.recv(1024)
            sent = -1

            def settled() -> bool:
                nonlocal sent
                time.sleep(0.3)
                same, sent = sent == upstream.sent_bytes, upstream.sent_bytes
                return same

            eventually(settled, within=30)
            assert upstream.sent_bytes < 30_000_000  # of 150 MB
            assert resident_mib() - before < 60

    @pytest.mark.slow
    def test_one_that_takes_nothing_at_all_is_let_go(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url)
        gateway = start_gateway(stall_seconds=0.5)

        with raw_request(gateway, stream=True, max_tokens=3000, filler=50_000):
            eventually(lambda: upstream.cut == 1, within=30)
            assert house.wait_for_usage(1)[0].error == "client_left"


class TestTheUpstreamBreaks:
    def test_in_the_middle_of_a_stream(self, gateway: Served, house: House) -> None:
        reply = post(gateway, stream=True, user="break")

        events = [line for line in reply.text.split("\n\n") if line]
        assert [json.loads(event[6:])["choices"][0]["delta"] for event in events[:3]] == [
            {"content": "0 xxxx"},
            {"content": "1 xxxx"},
            {"content": "2 xxxx"},
        ]
        assert len(events) == 4
        assert json.loads(events[3][6:])["error"]["code"] == "upstream_broke"
        assert "[DONE]" not in reply.text
        record = house.wait_for_usage(1)[0]
        assert (record.error, record.completion_tokens) == ("upstream_broke", 3)

    def test_the_sdk_raises(self, client: openai.OpenAI) -> None:
        stream = client.chat.completions.create(
            model="tiny", messages=MESSAGES, stream=True, user="break"
        )
        with pytest.raises(openai.APIError, match="The stream broke off"):
            list(stream)

    @pytest.mark.parametrize("fault", ["break", "garbage"])
    def test_a_plain_reply(self, gateway: Served, fault: str) -> None:
        reply = post(gateway, user=fault)

        assert reply.status_code == 502
        assert reply.json()["error"]["code"] == "upstream_unreachable"

    @pytest.mark.parametrize("stream", [False, True])
    def test_before_the_first_byte_the_next_one_answers(
        self,
        house: House,
        upstream: FaultyUpstream,
        start_gateway: Callable[..., Served],
        stream: bool,
    ) -> None:
        with FaultyUpstream(dies_before_first_byte=True) as broken:
            house.serve("tiny", broken.url, upstream.url)
            gateway = start_gateway()
            while not broken.seen:
                reply = post(gateway, stream=stream)
                assert reply.status_code == 200
                assert reply.headers["x-served-by"] == "up-2"

    def test_between_head_and_first_event(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        """The head alone is nothing a client has seen."""
        house.serve("tiny", upstream.url)
        gateway = start_gateway()

        reply = post(gateway, stream=True, user="break-after-head")

        assert reply.status_code == 502

    def test_when_nobody_listens(self, house: House, start_gateway: Callable[..., Served]) -> None:
        with FaultyUpstream() as gone:
            house.serve("tiny", gone.url)
        gateway = start_gateway()

        reply = post(gateway)

        assert reply.status_code == 502
        assert "cannot be reached" in reply.json()["error"]["message"]

    @pytest.mark.slow
    def test_when_it_says_nothing(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url)
        gateway = start_gateway(first_byte_seconds=0.5)

        reply = post(gateway, user="slow")

        assert reply.status_code == 504
        eventually(lambda: upstream.cut == 1, within=30)


class TestTheGatewayStops:
    def test_a_stream_ends_with_an_error_and_is_settled(
        self, gateway: Served, house: House
    ) -> None:
        body = {"model": "tiny", "messages": MESSAGES, "stream": True, "max_tokens": 900}
        with httpx.stream(
            "POST",
            f"{gateway.url}/chat/completions",
            json={**body, "pace": 0.05},
            headers=HEADERS,
            timeout=30,
        ) as reply:
            lines = reply.iter_lines()
            assert next(lines).startswith("data: ")
            gateway.stop()
            rest = list(lines)

        assert '"gateway_stopped"' in rest[-2]
        assert "[DONE]" not in "".join(rest)
        record = house.wait_for_usage(1)[0]
        assert record.error == "gateway_stopped"
        assert record.completion_tokens > 1


class TestManyAtOnce:
    def test_everybody_gets_their_own_answer(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        def ask(number: int) -> bool:
            stream = number % 2 == 0
            reply = post(gateway, stream=stream, filler=number + 1, max_tokens=3)
            if stream:
                return f"2 {'x' * (number + 1)}" in reply.text and "[DONE]" in reply.text
            return bool(reply.json()["choices"][0]["message"]["content"] == "one two three")

        with ThreadPoolExecutor(12) as people:
            assert all(people.map(ask, range(300)))
        assert upstream.connections <= 12


class TestKeepAlive:
    def test_a_server_that_closes_after_every_stream(
        self, house: House, start_gateway: Callable[..., Served]
    ) -> None:
        """llama-server announces keep-alive and closes after each streamed reply."""
        with FaultyUpstream(closes_after_stream=True) as upstream:
            house.serve("tiny", upstream.url)
            gateway = start_gateway()
            with httpx.Client(headers=HEADERS, timeout=30) as client:
                for _ in range(50):
                    reply = client.post(
                        f"{gateway.url}/chat/completions",
                        json={"model": "tiny", "messages": MESSAGES, "stream": True},
                    )
                    assert reply.status_code == 200
                    assert reply.text.endswith("data: [DONE]\n\n")

    def test_connections_are_used_again(self, gateway: Served, upstream: FaultyUpstream) -> None:
        for _ in range(10):
            assert post(gateway).status_code == 200
            assert post(gateway, stream=True).status_code == 200

        assert upstream.connections == 1

    def test_a_server_that_restarts_between_requests(
        self, house: House, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream() as first:
            house.serve("tiny", first.url)
            gateway = start_gateway()
            assert post(gateway).status_code == 200
        with FaultyUpstream(port=first.port):
            assert post(gateway).status_code == 200
