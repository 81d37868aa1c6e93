"""An edit of a route while requests run through a gateway process of its own."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import Client

from apps.core.redis import get_redis
from apps.gateway.dataplane.limits.script import SEEDED_KEY
from tests.conftest import ROOT
from tests.gateway.control import post, put
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import NO_TLS
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 6
EDITS = 12


@pytest.fixture
def gateways(transactional_db: None, tmp_path: Path) -> Iterator[list[str]]:
    """The addresses of two gateway processes that follow the test's Redis."""
    get_redis().set(SEEDED_KEY, "1")
    processes, addresses = [], []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.process", settings.REDIS_URL, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout is not None
        addresses.append(f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
    yield addresses
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


class Crowd:
    """Clients that never pause; what each was answered is kept."""

    def __init__(self, addresses: list[str], secret: str) -> None:
        self.answers: list[tuple[float, str, int, str]] = []  # when, by whom, status, served by
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(addresses[n % len(addresses)], secret, n))
            for n in range(CLIENTS)
        ]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, address: str, secret: str, number: int) -> None:
        body = {"model": "tiny", "messages": [], "max_tokens": 3, "stream": number % 2 == 0}
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(headers=headers, timeout=30, verify=NO_TLS) as client:
            while not self._stopping.is_set():
                began = time.monotonic()
                reply = client.post(f"{address}/chat/completions", json=body)
                whole = not body["stream"] or reply.text.rstrip().endswith("[DONE]")
                status = reply.status_code if whole else 0
                served = reply.headers.get("x-served-by", "")
                self.answers.append((began, address, status, served))

    def served_by(self, address: str, name: str, *, after: float) -> bool:
        later = [each for each in list(self.answers) if each[0] > after and each[1] == address]
        return bool(later) and later[-1][3] == name


@pytest.mark.slow
def test_edits_reach_every_process_and_no_request_is_lost(
    admin_client: Client, gateways: list[str]
) -> None:
    with FaultyUpstream() as first, FaultyUpstream() as second:
        post(admin_client, "upstreams", name="one", base_url=first.url)
        post(admin_client, "upstreams", name="two", base_url=second.url)
        made = post(admin_client, "routes", name="tiny", targets=[{"upstream": "one"}]).json()
        secret = post(admin_client, "keys", name="crowd").json()["secret"]
        headers = {"authorization": f"Bearer {secret}"}
        for address in gateways:
            eventually(
                lambda at=address: (
                    httpx.get(f"{at}/models/tiny", headers=headers, verify=NO_TLS).is_success
                ),
                within=30,
            )
        delays: list[float] = []
        with Crowd(gateways, secret) as crowd:
            for number in range(EDITS):
                name = ("two", "one")[number % 2]
                saved = put(
                    admin_client, f"routes/{made['id']}", name="tiny", targets=[{"upstream": name}]
                )
                assert saved.status_code == 200, saved.content
                at = time.monotonic()
                for address in gateways:
                    eventually(
                        lambda to=name, on=address, since=at: crowd.served_by(on, to, after=since),
                        within=30,
                    )
                delays.append(time.monotonic() - at)

    assert {status for _, _, status, _ in crowd.answers} == {200}
    assert len(crowd.answers) > EDITS * CLIENTS
    assert min(delays) < 2, delays  # how long the others took is the business of a busy machine
    versions: Any = admin_client.get(f"/api/routes/{made['id']}").json()["version"]
    assert versions == EDITS + 1
