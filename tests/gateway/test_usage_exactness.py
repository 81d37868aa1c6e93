"""To the token: what is counted is what clients saw, whoever is killed in the meantime."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team
from apps.gateway import actions
from apps.gateway.dataplane.limits import counters
from apps.gateway.models import UsageHour, UsageRecord
from apps.gateway.queries.settled import list_settled
from tests.conftest import ROOT
from tests.factories.accounts import make_team
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import NO_TLS, OwnRedis
from tests.gateway.listener import Listener
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PATIENCE = 60.0


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


@pytest.fixture
def secret(admin_client: Client, upstream: FaultyUpstream) -> str:
    """Of a key to the model `tiny`, which one upstream serves."""

    def post(path: str, **body: Any) -> Any:
        reply = admin_client.post(f"/api/{path}", body, content_type="application/json")
        assert reply.status_code == 201, reply.content
        return reply.json()

    post("upstreams", name="outside", base_url=upstream.url)
    post("routes", name="tiny", targets=[{"upstream": "outside"}], may_leave_house=True)
    limits = {"tokens_per_day": 10**9, "parallel": 100}
    return str(post("keys", name="laptop", limits=limits, when_redis_away="serve")["secret"])


class Gateways:
    """Processes that share a folder and a Redis, as those of one machine do."""

    def __init__(self, own_redis: OwnRedis, folder: Path, secret: str) -> None:
        self._arguments = [own_redis.url, str(folder)]
        self._secret = secret
        self._processes: dict[int, subprocess.Popen[str]] = {}

    def start(self) -> int:
        """The port of one that knows its models."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.process", *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        port = int(process.stdout.readline())
        self._processes[port] = process
        eventually(lambda: self._knows(port), within=PATIENCE)
        return port

    def _knows(self, port: int) -> bool:
        try:
            listed = httpx.get(
                f"http://127.0.0.1:{port}/v1/models",
                headers={"authorization": f"Bearer {self._secret}"},
                timeout=30,
                verify=NO_TLS,
            )
        except httpx.TransportError:
            return False
        return listed.status_code == 200 and '"tiny"' in listed.text

    def kill(self, port: int) -> None:
        process = self._processes.pop(port)
        process.kill()
        process.communicate(timeout=PATIENCE)

    def kill_all(self) -> None:
        for port in list(self._processes):
            self.kill(port)


@pytest.fixture
def gateways(own_redis: OwnRedis, tmp_path: Path, secret: str) -> Iterator[Gateways]:
    started = Gateways(own_redis, tmp_path, secret)
    yield started
    started.kill_all()


class Talkers:
    """Clients that ask one thing after the other and remember what they saw: tokens by id."""

    def __init__(self, secret: str, ports: list[int]) -> None:
        self.seen: dict[str, int] = {}
        self._headers = {"authorization": f"Bearer {secret}"}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._talk, args=(port,), daemon=True) for port in ports
        ]
        for thread in self._threads:
            thread.start()

    def _talk(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        with httpx.Client(headers=self._headers, timeout=60, verify=NO_TLS) as client:
            turn = 0
            while not self._stop.wait(0.005):
                turn += 1
                body = {"model": "tiny", "messages": [], "max_tokens": 1 + turn % 7}
                reply = client.post(url, json={**body, "stream": turn % 2 == 0})
                assert reply.status_code == 200, reply.text
                tokens = (
                    reply.text.count('"content"')
                    if turn % 2 == 0
                    else reply.json()["usage"]["completion_tokens"]
                )
                self.seen[reply.headers["x-request-id"]] = tokens

    def wait_for_more(self, count: int) -> None:
        wanted = len(self.seen) + count
        eventually(lambda: len(self.seen) >= wanted, within=PATIENCE)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def assert_budget_agrees(own_redis: OwnRedis, now: datetime) -> None:
    """What Redis has counted is never more than what the database has, and once it has been handed
    that, exactly as much."""
    sums = UsageRecord.objects.aggregate(Sum("prompt_tokens"), Sum("completion_tokens"))
    stored = sums["prompt_tokens__sum"] + sums["completion_tokens__sum"]
    [seed] = list_settled(now=now)
    with own_redis.client() as client:
        assert settled(client, seed.holder) <= stored
        counters.seed(client, [seed])
        assert settled(client, seed.holder) == stored


def settled(client: redis.Redis, holder: str) -> int:
    [windows] = counters.read_windows(client, [(holder, -1, -1, -1, -1, -1)])
    tokens = windows["tokens_per_month"].settled
    assert tokens is not None
    return tokens


def test_what_is_counted_is_what_clients_saw(
    own_redis: OwnRedis,
    upstream: FaultyUpstream,
    gateways: Gateways,
    start_writer: Callable[..., subprocess.Popen[bytes]],
    secret: str,
) -> None:
    with own_redis.client() as client:
        counters.seed(client, [])
    redis_of_the_gateways = {"REDIS_URL": own_redis.url, "HEARTH_TEST_REDIS_DATABASE": "0"}
    writer = start_writer(**redis_of_the_gateways)
    first, second = gateways.start(), gateways.start()

    talkers = Talkers(secret, [first, second, first, second])
    talkers.wait_for_more(40)
    writer.kill()
    talkers.wait_for_more(40)
    own_redis.kill()
    talkers.wait_for_more(40)
    own_redis.start()
    writer = start_writer(**redis_of_the_gateways)
    talkers.wait_for_more(40)
    talkers.stop()

    upstream.holds_after = 3
    cut = [Listener(first, secret) for _ in range(6)]
    spared = [Listener(second, secret) for _ in range(4)]
    eventually(lambda: {each.events for each in (*cut, *spared)} == {3}, within=PATIENCE)
    gateways.kill(first)
    writer.kill()
    own_redis.kill()
    upstream.holds_after = None
    for listener in (*cut, *spared):
        listener.wait()
    own_redis.start()
    gateways.start()
    start_writer(**redis_of_the_gateways)

    assert [each.whole for each in cut] == [False] * 6
    assert [each.whole for each in spared] == [True] * 4
    seen = talkers.seen | {each.id: each.events for each in (*cut, *spared)}
    eventually(lambda: UsageRecord.objects.count() >= len(seen), within=PATIENCE)
    eventually(lambda: own_redis.client().xlen("hearth:gateway:usage") == 0, within=PATIENCE)
    stored = {
        str(pk): tokens for pk, tokens in UsageRecord.objects.values_list("pk", "completion_tokens")
    }
    assert stored == seen
    assert set(UsageRecord.objects.filter(estimated=True).values_list("error", flat=True)) == {
        "gateway_died"
    }
    assert UsageHour.objects.aggregate(Sum("requests"), Sum("completion_tokens")) == {
        "requests__sum": len(seen),
        "completion_tokens__sum": sum(seen.values()),
    }
    now = timezone.now()
    assert_budget_agrees(own_redis, now)
    assert not actions.find_wrong_hours(
        begin=now - timedelta(hours=3), end=now + timedelta(hours=1)
    )
