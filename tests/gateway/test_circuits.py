"""Endpoints that fail: left alone, looked at, and taken back, as clients and upstreams see it."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.circuits import CIRCUITS_HASH, CircuitReport, read_reports
from apps.gateway.dataplane.errors import Cause
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, NO_TLS, House, Served, post
from tests.waiting import eventually

Start = Callable[..., Served]
CAUSES: tuple[Cause, ...] = ("refused", "5xx", "429", "timeout")


@pytest.fixture
def failing() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as server:
        yield server


@pytest.fixture
def pair(house: House, failing: FaultyUpstream, upstream: FaultyUpstream) -> House:
    """`tiny` at an upstream that will fail; whatever happens, `spare` goes on."""
    house.serve("tiny", failing.url)
    house.serve("spare", upstream.url)
    house.fall_back("tiny", "spare", *CAUSES)
    return house


def reports(house: House) -> list[CircuitReport]:
    with house.redis.client() as client:
        values: Any = client.hvals(CIRCUITS_HASH)
    return read_reports(values, now=-math.inf)  # however slow the test is


def served_by(gateway: Served, **body: Any) -> str:
    reply = post(gateway, **body)
    assert reply.status_code == 200, reply.text
    return str(reply.headers["x-served-by"])


class TestOpenAndClosed:
    def test_it_is_left_alone_and_taken_back_without_a_client_noticing(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.status = 503
        gateway = start_gateway(dwell_seconds=0.2)

        replies = [post(gateway, stream=number % 2 == 0) for number in range(10)]

        assert {reply.status_code for reply in replies} == {200}
        assert {reply.headers["x-fallback-reason"] for reply in replies} == {"5xx; from=tiny"}
        assert {reply.headers["x-hearth-route"] for reply in replies} == {"spare"}
        assert failing.asked == 5

        failing.status = 200
        eventually(lambda: served_by(gateway) == "up-1", within=30)
        assert failing.seen[-1].path == "/v1/chat/completions"
        assert any(seen.path == "/v1/models" for seen in failing.seen)

    @pytest.mark.slow
    def test_a_server_with_a_good_face_is_tried_once_for_each_probe(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.status, failing.keeps_face = 503, True
        gateway = start_gateway(dwell_seconds=0.2)
        for _ in range(5):
            post(gateway)

        def tried_again() -> bool:
            assert served_by(gateway) == "up-2"
            return failing.asked >= 7

        eventually(tried_again, within=30)
        assert failing.asked <= len(failing.seen) - failing.asked + 5

    def test_streams_that_break_count_as_well(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        gateway = start_gateway(dwell_seconds=30)

        for _ in range(10):
            assert '"upstream_broke"' in post(gateway, stream=True, user="break").text

        assert served_by(gateway) == "up-2"

    def test_a_server_that_asks_to_be_left_alone_is(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.status, failing.reply_headers = 429, {"retry-after": "60"}
        gateway = start_gateway()

        replies = [post(gateway) for _ in range(4)]

        assert {reply.headers["x-fallback-reason"] for reply in replies} == {"429; from=tiny"}
        assert failing.asked == 1


class TestWithoutAnAlternative:
    def test_the_next_request_after_an_outage_is_answered(
        self, house: House, start_gateway: Start
    ) -> None:
        """A circuit that stays open would only make an outage longer."""
        with FaultyUpstream() as server:
            house.serve("tiny", server.url)
            port = server.port
        gateway = start_gateway(dwell_seconds=3600)
        for _ in range(8):
            assert post(gateway).status_code == 502

        with FaultyUpstream(port=port):
            assert post(gateway).status_code == 200

    @pytest.mark.slow
    def test_while_one_request_finds_out_the_others_are_told(
        self, house: House, upstream: FaultyUpstream, start_gateway: Start
    ) -> None:
        upstream.status = 503
        house.serve("tiny", upstream.url)
        gateway = start_gateway(dwell_seconds=3600, return_seconds=0.2)
        for _ in range(5):
            assert post(gateway).status_code == 503
        upstream.status = 200
        trial = threading.Thread(target=lambda: post(gateway, user="slow"))
        trial.start()
        eventually(lambda: upstream.active == 1, within=30)

        reply = post(gateway)

        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "circuit_open"
        assert "'up-1' answered 503" in reply.json()["error"]["message"]
        assert int(reply.headers["retry-after"]) > 0
        gateway.stop()
        trial.join()


@pytest.mark.slow
class TestHangingInference:
    """`/models` lives, and nothing ever comes out."""

    @pytest.fixture
    def hanging(self, house: House, failing: FaultyUpstream, upstream: FaultyUpstream) -> House:
        failing.says_nothing = failing.keeps_face = True
        house.serve("spare", upstream.url)
        replica = snapshot.ReplicaEntry(id="r1", url=failing.url, slots=2)
        house.deployments = [
            snapshot.DeploymentEntry(id=5, name="tiny", state="ready", replicas=[replica])
        ]
        target = snapshot.TargetEntry(deployment_id=5)
        house.routes.append(snapshot.RouteEntry(name="tiny", team_id=1, targets=[target]))
        house.fall_back("tiny", "spare", *CAUSES)
        return house

    def test_two_time_outs_open_it_and_a_token_closes_it(
        self, hanging: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        gateway = start_gateway(first_byte_seconds=0.4, dwell_seconds=0.2, probe_seconds=0.2)
        assert [served_by(gateway) for _ in range(4)] == ["up-1"] * 4
        asked = [seen.body for seen in failing.seen if seen.raw_body]
        assert [body["messages"] for body in asked if "messages" in body] == [
            [{"role": "user", "content": "hi"}]
        ] * 2

        def asked_for_a_token() -> bool:
            return failing.seen[-1].path == "/v1/completions"

        eventually(asked_for_a_token, within=30)
        assert failing.seen[-1].body == {"model": "tiny", "prompt": "hi", "max_tokens": 1}
        assert served_by(gateway) == "up-1"  # still hanging, and nobody waits for it

        failing.says_nothing = False
        eventually(lambda: served_by(gateway) == "tiny/r1", within=30)

    def test_clients_that_give_up_count_when_it_was_silent_to_everybody(
        self, hanging: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        """They are less patient than the gateway, which would never see a time-out."""
        gateway = start_gateway(silent_seconds=0.5, dwell_seconds=30)
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(
                    f"{gateway.url}/chat/completions",
                    json={"model": "tiny", "messages": [], "stream": True},
                    headers=HEADERS,
                    timeout=1.5,
                    verify=NO_TLS,
                )

        eventually(lambda: reports(hanging), within=30)
        assert served_by(gateway) == "up-1"
        assert failing.asked == 2

    def test_an_outside_server_is_not_asked_for_tokens(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.says_nothing = failing.keeps_face = True
        gateway = start_gateway(first_byte_seconds=0.4, dwell_seconds=0.2)
        for _ in range(2):
            served_by(gateway)

        eventually(lambda: any(s.path == "/v1/models" for s in failing.seen), within=30)

        assert all("completions" not in s.path or b"messages" in s.raw_body for s in failing.seen)

    def test_silence_makes_others_come_first(
        self, house: House, failing: FaultyUpstream, upstream: FaultyUpstream, start_gateway: Start
    ) -> None:
        """Before anybody's time is over; and it is not taken for broken."""
        house.serve("hanging", failing.url)
        house.serve("busy", upstream.url)
        house.routes.append(
            snapshot.RouteEntry(
                name="tiny",
                team_id=1,
                targets=[snapshot.TargetEntry(upstream_id=number) for number in (1, 2)],
            )
        )
        gateway = start_gateway(silent_seconds=0.3)

        def ask(**body: Any) -> threading.Thread:
            thread = threading.Thread(target=lambda: suppressed(post, gateway, **body))
            thread.start()
            return thread

        threads = [ask(model="hanging", user="slow")]
        threads += [ask(model="busy", stream=True, max_tokens=200, pace=0.05) for _ in range(3)]
        eventually(lambda: (failing.active, upstream.active) == (1, 3), within=30)

        eventually(lambda: served_by(gateway) == "up-2", within=30)
        assert [served_by(gateway) for _ in range(5)] == ["up-2"] * 5
        gateway.stop()
        for thread in threads:
            thread.join()


def suppressed(ask: Callable[..., httpx.Response], *args: Any, **body: Any) -> None:
    """What becomes of the request does not matter; it was to be under way."""
    try:
        ask(*args, **body)
    except httpx.HTTPError:
        return


class TestWhatIsTold:
    @pytest.mark.slow
    def test_to_redis_while_it_lasts_and_to_prometheus(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.status = 503
        gateway = start_gateway(dwell_seconds=0.2)
        for _ in range(6):
            post(gateway)

        report = eventually(lambda: reports(pair), within=30)[0]
        assert (report.name, report.state, report.cause) == ("up-1", "open", "5xx")
        assert (report.upstream_id, report.deployment_id) == (1, None)
        assert "503" in report.reason
        assert report.since <= report.at
        told = {metric.name: metric for metric in gateway.app.collect()}
        assert told["hearth_gateway_circuit_open"].samples[0].labels["upstream"] == "up-1"
        assert told["hearth_gateway_circuit_openings"].samples[0].value >= 1

        failing.status = 200
        eventually(lambda: served_by(gateway) == "up-1", within=30)
        eventually(lambda: not reports(pair), within=30)

    @pytest.mark.slow
    def test_nothing_of_what_is_not_there_any_more(
        self, pair: House, failing: FaultyUpstream, start_gateway: Start
    ) -> None:
        failing.status, failing.keeps_face = 503, True
        gateway = start_gateway(dwell_seconds=0.2)
        for _ in range(6):
            post(gateway)
        eventually(lambda: reports(pair), within=30)

        pair.routes = [route for route in pair.routes if route.name == "spare"]
        pair.upstreams = [upstream for upstream in pair.upstreams if upstream.id == 2]
        pair.publish()

        eventually(lambda: not reports(pair), within=30)

    def test_a_report_of_a_process_that_ended_does_not_hold(self) -> None:
        report = CircuitReport(
            endpoint="e", name="e", state="open", since=1, cause="5xx", reason="", process="p", at=5
        )
        values = [msgspec.json.encode(report)]

        assert read_reports(values, now=10) == [report]
        assert read_reports(values, now=20) == []
        assert json.loads(values[0])["state"] == "open"
