"""Slow readers, greedy neighbours and crowds."""

import asyncio
import statistics

from benchmarks.conformance.client import Reply
from benchmarks.conformance.kit import Kit, NotApplicable, promise, require
from benchmarks.conformance.scripts import (
    COMPLETION_TOKENS,
    FLOOD_BYTES,
    FLOOD_EVENT_BYTES,
    PROMPT_TOKENS,
    TEXT,
)
from benchmarks.processes import memory_mib

_MIB = 1024 * 1024
_SLOW_READERS = 4
_MOST_TAKEN_MIB = 24.0  # socket buffers of both hops included
_MOST_GROWTH_MIB = 32.0  # of 256 that four readers leave waiting
_CROWD = 100
_NEIGHBOUR_MS = 1000.0
_RUSH = 200


@promise(
    "slow-reader", "Slow readers push back: upstream waits, memory stays flat, nothing is lost"
)
async def slow_reader(kit: Kit) -> str:
    """Four clients take nothing of 64 MiB each; one then reads on to the end."""
    before = None if kit.pid is None else memory_mib(kit.pid)
    marks = [kit.mark() for _ in range(_SLOW_READERS)]
    async with asyncio.TaskGroup() as group, kit.connect(receive_buffer=32 * 1024) as patient:
        others = [group.create_task(_take_nothing(kit, mark)) for mark in marks[1:]]
        await patient.send(kit.request(kit.body("flood", marks[0], stream=True)))
        reply = await patient.head()
        await _wait_until_still(kit, marks)
        taken = max(kit.requests(mark)[0].sent for mark in marks) / _MIB
        growth = 0.0 if kit.pid is None or before is None else memory_mib(kit.pid) - before
        for each in others:
            each.cancel()
        require(taken <= _MOST_TAKEN_MIB, f"{taken:.0f} MiB taken for a client that reads nothing")
        require(growth <= _MOST_GROWTH_MIB, f"memory grew by {growth:.0f} MiB, {taken:.0f} taken")
        await patient.rest(reply)
        arrived = f"the patient reader got {len(reply.data())} events, the reply is {reply.ended}"
        require(reply.is_done() and reply.is_whole, f"{arrived}, no [DONE]")
        require(len(reply.data()) > FLOOD_BYTES // FLOOD_EVENT_BYTES, arrived)
    memory = f"memory +{growth:.1f} MiB" if before is not None else "memory not measured (remote)"
    return f"{taken:.1f} MiB taken of {FLOOD_BYTES // _MIB}, {memory}, then all of it arrived"


async def _take_nothing(kit: Kit, mark: str) -> None:
    async with kit.connect(receive_buffer=32 * 1024) as wire:
        await wire.send(kit.request(kit.body("flood", mark, stream=True)))
        await asyncio.Event().wait()


async def _wait_until_still(kit: Kit, marks: list[str]) -> None:
    """Return when no upstream gets rid of another byte, or has sent everything."""
    for mark in marks:
        await kit.arrival(mark)
    sent = [-1]
    still = 0
    while still < 3:
        now = [kit.requests(mark)[0].sent for mark in marks]
        still = still + 1 if now == sent else 0
        sent = now
        await kit.pause(0.3)


@promise("neighbour", "Beside 8 streams as fast as they come a small request takes < 1 s")
async def neighbour(kit: Kit) -> str:
    took: list[float] = []
    async with asyncio.TaskGroup() as group:
        greedy = [group.create_task(_read_all(kit)) for _ in range(8)]
        await kit.pause(0.3)
        for _ in range(15):
            began = kit.now()
            reply, _ = await kit.order("plain")
            require(reply.status == 200, f"status {reply.status}")
            took.append((kit.now() - began) * 1000)
        for each in greedy:
            each.cancel()
    require(max(took) < _NEIGHBOUR_MS * kit.patience, f"one of {len(took)} took {max(took):.0f} ms")
    return f"{statistics.median(took):.0f} ms in the median, {max(took):.0f} ms at most"


async def _read_all(kit: Kit) -> None:
    async with kit.connect() as wire:
        await wire.send(kit.request(kit.body("flood", kit.mark(), stream=True)))
        reply = await wire.head()
        while await wire.piece(reply):
            reply.body.clear()
            reply.pieces.clear()


@promise("crowd", "100 streams at once: all whole, none mixed up, none starved")
async def crowd(kit: Kit) -> str:
    async with asyncio.TaskGroup() as group:
        began = kit.now()
        tasks = [group.create_task(_one_of_many(kit)) for _ in range(_CROWD)]
    waits = sorted(task.result() - began for task in tasks)
    return f"{_CROWD} whole; last first event after {waits[-1] * 1000:.0f} ms"


async def _one_of_many(kit: Kit) -> float:
    reply, mark = await kit.order("pause-inside", stream=True)
    require(reply.status == 200, f"status {reply.status}")
    require(reply.text() == "".join(TEXT) and reply.is_done(), "a stream is not whole")
    own = all(chunk.get("id", mark).endswith(mark) for chunk in reply.chunks())
    require(own or mark not in str(reply.chunks()[0].get("id")), "streams are mixed up")
    return reply.pieces[0][0]


@promise("budget", "200 streams at once on a nearly empty budget: over it by one request at most")
async def budget(kit: Kit) -> str:
    """What was set aside and not used is free again: one after the other, more are served.

    The upstream counts what is used, so a gateway cannot pass by counting wrong.
    """
    if kit.budget is None:
        raise NotApplicable("no key with a budget was named (--budget-key)")
    key, tokens = kit.budget
    each = PROMPT_TOKENS + COMPLETION_TOKENS
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_spend(kit, key)) for _ in range(_RUSH)]
    replies = [task.result() for task in tasks]
    at_once = sum(reply.status == 200 for reply, _ in replies)
    for _ in range(_RUSH):
        replies.append(await kit.order("stream", key=key, stream=True, max_tokens=each))
        if replies[-1][0].status != 200:
            break
    used = each * sum(len(kit.requests(mark)) for _, mark in replies)
    refused = [reply for reply, _ in replies if reply.status != 200]
    require(at_once, "all were refused")
    require(tokens / 2 <= used <= tokens + each, f"{used} tokens used of {tokens}")
    unclear = [reply.status for reply in refused if not _says_when(reply)]
    require(not unclear, f"{len(unclear)} refusals without 429 and Retry-After: {unclear[:3]}")
    return f"{at_once} of {_RUSH} served at once, then one by one: {used} of {tokens} tokens used"


def _says_when(reply: Reply) -> bool:
    return reply.status == 429 and reply.header("retry-after") is not None and bool(reply.error())


async def _spend(kit: Kit, key: str) -> tuple[Reply, str]:
    return await kit.order("pause-inside", key=key, stream=True, max_tokens=COMPLETION_TOKENS)
