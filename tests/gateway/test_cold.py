"""Models that load when somebody asks."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.link import ACTIVITY_HASH, DEMAND_STREAM
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import NO_TLS, SECRET, House, Served
from tests.gateway.sleepy import deployment
from tests.waiting import eventually

HEADERS = {"authorization": f"Bearer {SECRET}"}


def demands(house: House) -> list[dict[bytes, bytes]]:
    with house.redis.client() as client:
        entries: Any = client.xrange(DEMAND_STREAM)
    return [fields for _, fields in entries]


def wake_when_asked(house: House, url: str, *, after: float = 0) -> threading.Thread:
    """What the control plane does when it hears of the demand."""

    def work() -> None:
        eventually(lambda: demands(house), within=30)
        time.sleep(after)
        house.deployments = [deployment(url)]
        house.publish()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def ask(gateway: Served, **body: Any) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/chat/completions",
        json={"model": "sleepy", "messages": [], **body},
        headers=HEADERS,
        timeout=15,
        verify=NO_TLS,
    )


class TestWaking:
    def test_the_request_waits_and_is_answered(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway()
        thread = wake_when_asked(sleepy, upstream.url, after=0.3)

        reply = ask(gateway)
        thread.join()

        assert reply.status_code == 200
        assert reply.headers["x-served-by"] == "sleepy/r0"
        assert [fields[b"deployment_id"] for fields in demands(sleepy)] == [b"5"]
        record = sleepy.wait_for_usage(1)[0]
        assert record.queue_ms > 300
        assert (record.deployment_id, record.node) == (5, "n1")

    def test_many_waiters_ask_once(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway()
        replies: list[int] = []
        waiters = [
            threading.Thread(target=lambda: replies.append(ask(gateway).status_code))
            for _ in range(8)
        ]
        for waiter in waiters:
            waiter.start()
        thread = wake_when_asked(sleepy, upstream.url, after=0.5)
        for waiter in [*waiters, thread]:
            waiter.join()

        assert replies == [200] * 8
        assert len(demands(sleepy)) == 1

    def test_a_stream_shows_life_while_it_waits(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)
        thread = wake_when_asked(sleepy, upstream.url, after=0.5)

        reply = ask(gateway, stream=True)
        thread.join()

        assert reply.text.startswith(": waiting, position 1 of 1, loading 0 s\n\n")
        assert reply.text.endswith("data: [DONE]\n\n")
        assert reply.text.count('"delta"') == 6

    def test_an_error_after_signs_of_life_is_an_event(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1, hold_seconds=0.5)

        reply = ask(gateway, stream=True)

        assert reply.status_code == 200
        assert '"code":"load_timeout"' in reply.text
        assert "[DONE]" not in reply.text

    @pytest.mark.parametrize(
        ("path", "last"),
        [
            ("chat/completions", 'data: {"error": {"message": "no"}}'),
            ("responses", 'data: {"type":"error","code":"upstream_error","message":"no"'),
            ("messages", 'data: {"type":"error","error":{"type":"api_error","message":"no"'),
        ],
    )
    def test_what_the_server_refuses_then_is_an_event_in_the_clients_words(
        self, sleepy: House, start_gateway: Callable[..., Served], path: str, last: str
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)
        with FaultyUpstream(status=500) as refusing:
            thread = wake_when_asked(sleepy, refusing.url, after=0.5)
            reply = httpx.post(
                f"{gateway.url}/{path}",
                json={
                    "model": "sleepy",
                    "stream": True,
                    "input": "hi",
                    "messages": [{"role": "user", "content": "hi"}],
                    "max_tokens": 5,
                },
                headers=HEADERS,
                timeout=15,
            )
            thread.join()

        waited, _, event = reply.text.rstrip().rpartition("\n\n")
        assert waited.startswith(": waiting")
        assert event.splitlines()[-1].startswith(last)

    def test_the_wait_has_an_end(self, sleepy: House, start_gateway: Callable[..., Served]) -> None:
        gateway = start_gateway(hold_seconds=0.4, hold_notice_seconds=0.1)

        reply = ask(gateway)

        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "30"
        assert reply.json()["error"]["code"] == "load_timeout"

    @pytest.mark.slow
    def test_a_load_that_fails_ends_it_with_the_reason(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1)

        def fail() -> None:
            eventually(lambda: demands(sleepy), within=30)
            sleepy.deployments = [deployment(state="failed", state_reason="It needs 9 GB.")]
            sleepy.publish()

        thread = threading.Thread(target=fail)
        thread.start()
        reply = ask(gateway)
        thread.join()

        assert reply.status_code == 503
        assert "It needs 9 GB." in reply.json()["error"]["message"]

    def test_the_client_may_leave_while_it_waits(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway()

        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{gateway.url}/chat/completions",
                json={"model": "sleepy", "messages": []},
                headers=HEADERS,
                timeout=0.3,
            )

        record = sleepy.wait_for_usage(1)[0]
        assert (record.status, record.error, record.prompt_tokens) == (499, "client_left", 0)

    def test_redis_away_is_said_at_once(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway()
        sleepy.redis.kill()

        reply = ask(gateway)

        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "cannot_wake"

    def test_what_is_not_loaded_on_demand_is_refused(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        sleepy.deployments = [deployment(on_demand=False, state="deploying")]
        gateway = start_gateway()

        reply = ask(gateway)

        assert reply.status_code == 503
        assert "sleepy is deploying" in reply.json()["error"]["message"]
        assert demands(sleepy) == []

    def test_a_cold_fallback_answers_meanwhile(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        sleepy.serve("quick", upstream.url)
        entry = sleepy.routes[0]
        sleepy.routes[0] = snapshot.RouteEntry(
            name="sleepy",
            team_id=1,
            targets=entry.targets,
            fallbacks=[snapshot.FallbackEntry(on=["cold"], to="quick")],
        )
        gateway = start_gateway()

        reply = ask(gateway)

        assert reply.status_code == 200
        assert reply.headers["x-served-by"] == "up-1"
        assert len(demands(sleepy)) == 1


class TestAReplicaThatHasJustGone:
    def test_is_waited_for_when_it_comes_back_at_its_address(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream() as crashed:
            sleepy.deployments = [deployment(crashed.url, on_demand=False)]
        gateway = start_gateway()
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(ask(gateway).status_code))
        asking.start()
        time.sleep(0.5)
        with FaultyUpstream(port=crashed.port):
            asking.join()

        assert answers == [200]

    def test_is_woken_when_it_was_unloaded_behind_the_table(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream() as unloaded:
            sleepy.deployments = [deployment(unloaded.url)]
        gateway = start_gateway()
        thread = wake_when_asked(sleepy, upstream.url)
        asking: list[int] = []
        request = threading.Thread(target=lambda: asking.append(ask(gateway).status_code))
        request.start()
        sleepy.deployments = [deployment()]
        sleepy.publish()
        request.join()
        thread.join()

        assert asking == [200]

    def test_is_given_up_after_a_while(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream() as gone:
            sleepy.deployments = [deployment(gone.url)]
        gateway = start_gateway(return_seconds=0.5)

        reply = ask(gateway)

        assert reply.status_code == 502
        assert reply.json()["error"]["code"] == "upstream_unreachable"

    def test_one_that_breaks_over_the_request_is_asked_once(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream(dies_before_first_byte=True) as dying:
            sleepy.deployments = [deployment(dying.url)]
            gateway = start_gateway()

            reply = ask(gateway)

            assert reply.status_code == 502
            assert len(dying.seen) == 1


class TestActivity:
    @pytest.mark.slow
    def test_use_is_reported_while_it_lasts(
        self, sleepy: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        sleepy.deployments = [deployment(upstream.url)]
        gateway = start_gateway()
        begun = time.time()
        thread = threading.Thread(target=lambda: ask(gateway, stream=True, max_tokens=40, pace=0.1))
        thread.start()

        def last_use() -> float:
            with sleepy.redis.client() as client:
                at: Any = client.hget(ACTIVITY_HASH, "5")
            return float(at or 0)

        eventually(lambda: last_use() >= begun + 2, within=30)
        thread.join()
