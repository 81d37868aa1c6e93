"""Clients that take their time, on purpose: they are let go, and nobody else waits for them."""

import time
from collections.abc import Callable

import pytest

from controlplane import serve
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import House, Served, post
from tests.gateway.wire import (
    GOOD,
    HEAD,
    PATIENCE,
    many,
    refusal,
    trickle,
    well_behaved,
    with_length,
)


@pytest.mark.slow
class TestSlowness:
    def test_heads_that_never_end(self, gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(serve, "HEAD_SECONDS", 1.0)
        with well_behaved(gateway), many(gateway, HEAD[:40], count=200) as connections:
            answers = [b"".join(iter(lambda c=each: c.recv(4096), b"")) for each in connections]

        assert {refusal(answer) for answer in answers} == {(408, "headers_timeout")}

    def test_connections_that_say_nothing(
        self, gateway: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(serve, "HEAD_SECONDS", 1.0)
        with well_behaved(gateway), many(gateway, b"\r\n", count=50) as connections:
            assert {each.recv(4096) for each in connections} == {b""}

    def test_bodies_byte_by_byte(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        """Each part comes in time, the whole does not."""
        house.serve("tiny", upstream.url)
        gateway = start_gateway(body_seconds=1.0)
        head = HEAD + b"content-length: 5000\r\n\r\n"
        with well_behaved(gateway), many(gateway, head, count=20) as connections:
            answers: dict[int, bytes] = {}
            until = time.monotonic() + PATIENCE
            while len(answers) < len(connections) and time.monotonic() < until:
                for number, each in enumerate(connections):
                    if number not in answers and (said := trickle(each)):
                        answers[number] = said

        assert {refusal(answer) for answer in answers.values()} == {(408, "body_timeout")}
        assert len(answers) == len(connections)
        assert {seen.body["model"] for seen in upstream.seen} == {"tiny"}

    def test_a_client_that_takes_nothing(self, gateway: Served) -> None:
        body = GOOD[:-1] + b', "stream": true, "max_tokens": 200, "filler": 100000}'
        with well_behaved(gateway), many(gateway, with_length(body), count=8):
            post(gateway)
