"""Limits over several gateway processes, some of which are killed."""

import asyncio
import contextlib
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.limits import counters
from apps.gateway.dataplane.usage import UsageRecord
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, NO_TLS, SECRET, House
from tests.waiting import eventually

pytestmark = pytest.mark.slow

LEASE_SECONDS = 3.0
PATIENT: dict[str, Any] = {"limits_wait_seconds": 10.0, "limits_lease_seconds": LEASE_SECONDS}


@dataclass
class Process:
    popen: subprocess.Popen[str]
    port: int

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.communicate(timeout=30)

    def models(self) -> int:
        url = f"http://127.0.0.1:{self.port}/v1/models"
        return httpx.get(url, headers=HEADERS, timeout=30, verify=NO_TLS).status_code


@pytest.fixture
def start_process(house: House, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with contextlib.ExitStack() as stack:

        def start(**changes: Any) -> Process:
            settings = json.dumps({**PATIENT, **changes})
            popen = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.gateway.process",
                    house.redis.url,
                    str(tmp_path),
                    settings,
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(popen)
            stack.callback(popen.kill)
            assert popen.stdout is not None
            process = Process(popen, int(popen.stdout.readline()))
            eventually(lambda: answers(process), within=30)
            return process

        yield start


def answers(process: Process) -> bool:
    try:
        return process.models() == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def limit(house: House, upstream: FaultyUpstream) -> Callable[..., None]:
    def publish(*, away: snapshot.AwayPolicy | None = None, **limits: int) -> None:
        house.keys = [
            snapshot.KeyEntry(
                id=1,
                team_id=1,
                name="ci",
                digest=keys.digest(SECRET),
                limits=snapshot.Limits(**limits),
                when_redis_away=away,
            )
        ]
        house.serve("tiny", upstream.url)
        house.publish()

    return publish


@dataclass
class Answer:
    """What one client saw of a stream."""

    status: int = 0
    deltas: int = 0
    error: str = ""
    complete: bool = False


async def ask(process: Process, **body: Any) -> Answer:
    answer = Answer()
    raw = json.dumps({"model": "tiny", "messages": [], "stream": True} | body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port, limit=2**20)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s"
        % (SECRET.encode(), len(raw), raw)
    )
    with contextlib.suppress(ConnectionError):
        await _read(reader, answer)
    writer.transport.abort()
    return answer


async def _read(reader: asyncio.StreamReader, answer: Answer) -> None:
    answer.status = int((await reader.readline() or b"x 0").split()[1])
    while line := await reader.readline():
        if line.startswith(b"data: [DONE]"):
            answer.complete = True
        elif b'"error"' in line:
            answer.error = json.loads(line[line.index(b"{") :])["error"]["code"]
        elif line.startswith(b"data: "):
            answer.deltas += 1


def read(house: House) -> dict[Any, counters.WindowUse]:
    with house.redis.client() as client:
        [windows] = counters.read_windows(client, [("key:1", -1, -1, -1, -1, -1)])
    return windows


def counted(house: House) -> int | None:
    return read(house)["tokens_per_day"].settled


def records(house: House) -> dict[str, UsageRecord]:
    return {record.id: record for record in house.usage()}


def tokens(house: House) -> int:
    return sum(each.prompt_tokens + each.completion_tokens for each in records(house).values())


async def test_two_hundred_streams_at_the_limit(
    house: House, start_process: Callable[..., Process], limit: Callable[..., None]
) -> None:
    """Half of them say how long they become, the others run until the budget is over."""
    limit(tokens_per_day=20_000)
    processes = [start_process(), start_process()]
    bodies = [{"max_tokens": 60}, {"length": 100_000}]
    answers = await asyncio.gather(
        *(
            ask(processes[number % 2], **bodies[number // 2 % 2], pace=0.001)
            for number in range(200)
        )
    )
    await asyncio.to_thread(eventually, lambda: len(records(house)) == 200, within=60)
    await asyncio.to_thread(
        eventually, lambda: read(house)["tokens_per_day"].reserved == 0, within=60
    )
    assert {answer.status for answer in answers} <= {200, 429}
    assert sum(answer.status == 200 for answer in answers) > 20
    # Nobody who said how long it becomes was cut; everybody else was, where the budget ended.
    assert {a.error for a in answers if a.status == 200 and not a.complete} == {"budget_exhausted"}
    seen = {"": 0, "budget_exhausted": 0}
    for record in records(house).values():
        if record.status == 200:
            seen[record.error] += record.completion_tokens
    assert sum(a.deltas for a in answers if a.error) == seen["budget_exhausted"]
    assert counted(house) == tokens(house)
    assert 15_000 < tokens(house) <= 20_000
    assert read(house)["parallel"].reserved == 0


async def test_what_a_killed_process_had_reserved_is_free_soon(
    house: House, start_process: Callable[..., Process], limit: Callable[..., None]
) -> None:
    assert GatewayConfig.limits_lease_seconds <= 60
    limit(parallel=2, tokens_per_day=50_000)
    first, second = start_process(), start_process()
    running = [asyncio.create_task(ask(first, max_tokens=1000, pace=0.5)) for _ in range(2)]
    await asyncio.to_thread(eventually, lambda: read(house)["parallel"].reserved == 2, within=30)
    assert (await ask(second, max_tokens=1)).status == 429
    first.kill()
    await asyncio.gather(*running)
    async with asyncio.timeout(60):
        while (await ask(second, max_tokens=1)).status == 429:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await asyncio.to_thread(
        eventually, lambda: read(house)["tokens_per_day"].reserved == 0, within=30
    )


async def test_counters_and_usage_agree_after_all_have_been_killed(
    house: House, start_process: Callable[..., Process], limit: Callable[..., None]
) -> None:
    limit(away="serve", tokens_per_day=10_000_000, parallel=1000)
    first, second = start_process(), start_process()

    over = asyncio.Event()
    found: list[Answer] = []

    async def traffic(process: Process) -> None:
        with contextlib.suppress(ConnectionError):
            for more in itertools.count():
                if over.is_set():
                    break
                found.append(await ask(process, max_tokens=10 + more, pace=0.002))

    async def after(more: int) -> None:
        goal = (counted(house) or 0) + more
        await asyncio.to_thread(eventually, lambda: (counted(house) or 0) > goal, within=60)

    clients = [asyncio.create_task(traffic(p)) for p in (first, second) for _ in range(6)]
    await after(300)
    house.redis.kill()
    before = len(found)
    async with asyncio.timeout(60):
        # More than were running: some are served without.
        while len(found) < before + 30:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.to_thread(house.redis.start)
    await after(500)
    first.kill()
    await after(200)
    over.set()
    await asyncio.gather(*clients)
    third = start_process(limits_lease_seconds=LEASE_SECONDS)  # delivers what the killed one left
    assert answers(third)
    complete = sum(answer.complete for answer in found)
    await asyncio.to_thread(
        eventually,
        lambda: sum(not each.error for each in records(house).values()) >= complete,
        within=90,
    )
    await asyncio.to_thread(eventually, lambda: read(house)["parallel"].reserved == 0, within=60)
    # What the killed process had not settled any more is in its journal and its tally of streams:
    # the database hears of it, and raises the counter by it. Nothing was counted twice.
    settled, by_usage = counted(house), tokens(house)
    assert settled is not None
    largest = max(each.prompt_tokens + each.completion_tokens for each in records(house).values())
    # Of each of its six clients: the running stream, and those whose settlements were on their way.
    assert by_usage - 6 * 3 * largest <= settled <= by_usage
    with house.redis.client() as client:
        month = read(house)
        assert month["tokens_per_month"].settled == settled
        today = int(next(iter(records(house).values())).at) // 86_400
        counters.seed(client, [counters.Seed("key:1", today, by_usage, 0, 0)])
    assert counted(house) == by_usage
    # To the token: a client that had all of its stream saw its tokens and one event without any.
    whole = [each for each in records(house).values() if not each.error and each.status == 200]
    assert sum(a.deltas - 1 for a in found if a.complete) <= sum(
        each.completion_tokens for each in whole
    )
    if len(whole) == complete:
        assert sum(a.deltas - 1 for a in found if a.complete) == sum(
            each.completion_tokens for each in whole
        )
