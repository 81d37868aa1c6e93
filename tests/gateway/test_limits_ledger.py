"""One process' line to the counters, with a Redis that is killed, frozen and emptied."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from apps.gateway.dataplane.limits import counters, script
from apps.gateway.dataplane.limits.entries import Reservation
from apps.gateway.dataplane.limits.holders import Holder, key_holder
from apps.gateway.dataplane.limits.ledger import Ledger
from apps.gateway.dataplane.snapshot import Limits
from tests.gateway.harness import OwnRedis

LIMITS = Limits(parallel=1000, tokens_per_day=100_000)
KEY = key_holder(key_id=1, name="ci", limits=LIMITS)

Start = Callable[..., Any]


@pytest.fixture
async def start(own_redis: OwnRedis) -> AsyncIterator[Start]:
    """Starts a ledger; patient, unless a test is about patience."""
    with own_redis.client() as client:
        client.set(script.SEEDED_KEY, 1)
    ledgers: list[Ledger] = []

    async def begin(*, wait_seconds: float = 5.0, lease_seconds: float = 30.0) -> Ledger:
        ledger = Ledger(own_redis.url, lease_seconds=lease_seconds, wait_seconds=wait_seconds)
        await ledger.start()
        ledgers.append(ledger)
        return ledger

    yield begin
    for ledger in ledgers:
        await ledger.stop()


async def until(check: Callable[[], bool], *, within: float = 20) -> None:
    async with asyncio.timeout(within):
        while not check():  # noqa: ASYNC110 - the condition is another server's
            await asyncio.sleep(0.02)


def reservation(holder: Holder = KEY) -> Reservation:
    return Reservation("a request", (holder,), tokens=0)


async def reserved(ledger: Ledger, tokens: int, holder: Holder = KEY) -> Reservation:
    taken = reservation(holder)
    result = await ledger.reserve(taken, want=tokens, least=tokens)
    assert result is not None
    assert result[0] == 1
    return taken


def settle(ledger: Ledger, taken: Reservation, tokens: int) -> None:
    ledger.settle(taken, actual=tokens, at_ms=int(time.time() * 1000))


def day(own_redis: OwnRedis) -> tuple[int | None, int, int]:
    """Of the key: settled and reserved tokens of the day, and what runs."""
    with own_redis.client() as client:
        [windows] = counters.read_windows(client, [KEY.row])
    today = windows["tokens_per_day"]
    return today.settled, today.reserved, windows["parallel"].reserved


def calls(own_redis: OwnRedis) -> int:
    with own_redis.client() as client:
        stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


def refused_calls(own_redis: OwnRedis) -> int:
    """Calls of the script that Redis did not carry out."""
    with own_redis.client() as client:
        stats: Any = client.info("commandstats")
    told = stats.get("cmdstat_evalsha", {})
    return int(told.get("failed_calls", 0)) + int(told.get("rejected_calls", 0))


class TestTogether:
    async def test_what_comes_while_a_call_is_on_its_way_goes_with_the_next(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start()
        taken = await asyncio.gather(*(reserved(ledger, 10) for _ in range(150)))
        for each in taken:
            settle(ledger, each, 4)
        await until(lambda: day(own_redis) == (600, 0, 0))
        assert calls(own_redis) < 10

    async def test_a_request_whose_client_leaves_takes_nothing(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start()
        asked = [asyncio.create_task(reserved(ledger, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        asked[0].cancel()
        await asyncio.sleep(0)
        asked[1].cancel()
        await asked[2]
        await until(lambda: day(own_redis) == (0, 10, 1))

    async def test_nor_when_it_leaves_in_the_moment_of_the_grant(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start()
        taken = reservation()
        asked = asyncio.create_task(ledger.reserve(taken, want=10, least=10))

        def leave() -> None:
            if taken.tokens:
                asked.cancel()  # the answer is there, and the task has not seen it yet
            elif not asked.done():
                asyncio.get_running_loop().call_soon(leave)

        leave()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
            settle(ledger, taken, 0)
        await until(lambda: day(own_redis) == (0, 0, 0))

    async def test_stopping_hands_over_what_is_queued(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start()
        taken = await reserved(ledger, 10)
        settle(ledger, taken, 7)
        await ledger.stop()
        assert day(own_redis) == (7, 0, 0)


class TestRedisAway:
    async def test_nobody_waits_for_a_frozen_redis_for_long(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start(wait_seconds=0.2)
        own_redis.freeze()
        try:
            began = time.monotonic()
            assert await ledger.reserve(reservation(), want=1, least=1) is None
            assert 0.2 <= time.monotonic() - began < 5
            # Nobody else waits at all: it is decided before anything is awaited.
            with pytest.raises(StopIteration) as decided:
                ledger.reserve(reservation(), want=1, least=1).send(None)
            assert decided.value.value is None
        finally:
            own_redis.thaw()
        await until(lambda: ledger.up)

    @pytest.mark.parametrize("trouble", ["frozen", "killed"])
    async def test_each_settlement_counts_once(
        self, start: Start, own_redis: OwnRedis, trouble: str
    ) -> None:
        """Some are on their way when Redis goes, some come while it is away."""
        ledger = await start(wait_seconds=0.5)
        taken = [await reserved(ledger, 100) for _ in range(30)]
        for each in taken[:10]:
            settle(ledger, each, 1)
        await asyncio.sleep(0)  # the first call is on its way
        for each in taken[10:20]:
            settle(ledger, each, 10)
        if trouble == "frozen":
            own_redis.freeze()
        else:
            own_redis.kill()
        await until(lambda: not ledger.up)
        for each in taken[20:25]:
            settle(ledger, each, 100)
        if trouble == "frozen":
            own_redis.thaw()
        else:
            own_redis.start()
        await until(lambda: day(own_redis) == (10 + 100 + 500, 500, 5))
        for each in taken[25:]:
            settle(ledger, each, 1000)
        await until(lambda: day(own_redis) == (5610, 0, 0))

    @pytest.mark.slow
    async def test_again_and_again(self, start: Start, own_redis: OwnRedis) -> None:
        ledger = await start(wait_seconds=0.1)
        settled = 0
        for turn in range(6):
            await until(lambda: ledger.up)
            batch = [reservation() for _ in range(20)]
            asked = [asyncio.create_task(ledger.reserve(r, want=5, least=5)) for r in batch]
            await asyncio.sleep(0.001)
            if turn % 2:
                own_redis.kill()
            else:
                own_redis.freeze()
            results = await asyncio.gather(*asked)
            for each, result in zip(batch, results, strict=True):
                if result is None:
                    ledger.hold(each)
                settle(ledger, each, 3)
                settled += 3
            if turn % 2:
                own_redis.start()
            else:
                own_redis.thaw()
        await until(lambda: day(own_redis) == (settled, 0, 0))

    async def test_an_empty_redis_hears_what_runs(self, start: Start, own_redis: OwnRedis) -> None:
        ledger = await start()
        running = [await reserved(ledger, 50) for _ in range(4)]
        with own_redis.client() as client:
            client.flushall()
            client.set(script.SEEDED_KEY, 1)
        settle(ledger, running.pop(), 30)
        await until(lambda: day(own_redis) == (30, 150, 3))

    @pytest.mark.slow
    async def test_a_redis_that_refuses_to_write_is_away(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start()
        taken = [await reserved(ledger, 20) for _ in range(3)]
        with own_redis.client() as client:
            client.config_set("maxmemory", 1)
            settle(ledger, taken[0], 7)
            await until(lambda: not ledger.up)
            settle(ledger, taken[1], 8)
            before = refused_calls(own_redis)
            await until(lambda: refused_calls(own_redis) >= before + 3)  # it goes on trying
            assert await ledger.reserve(reservation(), want=1, least=1) is None
            client.config_set("maxmemory", 0)
        await until(lambda: day(own_redis) == (15, 20, 1))

    async def test_what_was_served_without_asking_is_held_and_counted(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start(wait_seconds=0.2)
        own_redis.kill()
        await until(lambda: not ledger.up)
        over, running = reservation(), reservation()
        for each in (over, running):
            each.tokens = 40
            ledger.hold(each)
        settle(ledger, over, 25)
        own_redis.start()
        await until(lambda: day(own_redis) == (25, 40, 1))
        settle(ledger, running, 5)
        await until(lambda: day(own_redis) == (30, 0, 0))

    async def test_a_gateway_starts_without_redis(self, start: Start, own_redis: OwnRedis) -> None:
        own_redis.kill()
        ledger = await start()
        assert not ledger.up
        assert await ledger.reserve(reservation(), want=1, least=1) is None
        own_redis.start()
        await until(lambda: ledger.up)
        await reserved(ledger, 1)


class TestLeases:
    @pytest.mark.slow
    async def test_a_silent_process_lives_as_long_as_it_beats(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start(lease_seconds=1.5)
        running = await reserved(ledger, 10)
        before = calls(own_redis)
        await until(lambda: calls(own_redis) >= before + 5)  # three of them last one lease
        assert day(own_redis) == (0, 10, 1)
        settle(ledger, running, 10)
        await until(lambda: day(own_redis) == (10, 0, 0))

    async def test_a_process_that_slept_too_long_comes_back_with_what_it_runs(
        self, start: Start, own_redis: OwnRedis
    ) -> None:
        ledger = await start(lease_seconds=0.3)
        running = [await reserved(ledger, 10) for _ in range(3)]
        time.sleep(0.6)  # noqa: ASYNC251 - the process is held up, and so is its beat
        settle(ledger, running.pop(), 4)
        await until(lambda: day(own_redis) == (4, 20, 2))
