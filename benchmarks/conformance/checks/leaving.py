"""A client that leaves: the model server must not go on working for nobody."""

import time

from benchmarks.conformance.client import Wire
from benchmarks.conformance.kit import Broken, Kit, NotApplicable, promise, require
from benchmarks.conformance.upstream import Seen

_LIMIT_MS = 250.0


async def _cancelled(kit: Kit, wire: Wire, seen: Seen) -> str:
    """Leave, and say how long the upstream went on."""
    left_at = time.monotonic()
    wire.leave()
    await kit.until(
        lambda: seen.gone_at is not None, "the upstream was still working 5 s later", within=5
    )
    took = ((seen.gone_at or 0.0) - left_at) * 1000
    require(took <= _LIMIT_MS * kit.patience, f"the upstream was cancelled after {took:.0f} ms")
    return f"cancelled after {max(took, 0.1):.1f} ms"


async def _leave_before_first_byte(kit: Kit, **more: object) -> str:
    mark = kit.mark()
    async with kit.connect() as wire:
        await wire.send(kit.request(kit.body("silent", mark, **more)))
        seen = await kit.arrival(mark)
        return await _cancelled(kit, wire, seen)


@promise(
    "leave-before-first-byte", "Client leaves before the first byte: upstream cancelled ≤ 250 ms"
)
async def leave_before_first_byte(kit: Kit) -> str:
    return await _leave_before_first_byte(kit, stream=True)


@promise(
    "leave-plain-request", "Client leaves while a plain reply is made: upstream cancelled ≤ 250 ms"
)
async def leave_plain_request(kit: Kit) -> str:
    return await _leave_before_first_byte(kit)


@promise("leave-mid-stream", "Client leaves in the middle of a stream: upstream cancelled ≤ 250 ms")
async def leave_mid_stream(kit: Kit) -> str:
    mark = kit.mark()
    async with kit.connect() as wire:
        await wire.send(kit.request(kit.body("drip", mark, stream=True)))
        reply = await wire.head()
        while len(reply.body) < 500:
            require(await wire.piece(reply), "the stream ended by itself")
        return await _cancelled(kit, wire, kit.requests(mark)[0])


@promise("leave-while-slow", "A client that takes nothing leaves: upstream cancelled ≤ 250 ms")
async def leave_while_slow(kit: Kit) -> str:
    mark = kit.mark()
    async with kit.connect(receive_buffer=32 * 1024) as wire:
        await wire.send(kit.request(kit.body("flood", mark, stream=True)))
        await wire.head()
        seen = await kit.arrival(mark)
        sent = -1
        while sent != seen.sent:  # until the pipe is full
            sent = seen.sent
            await kit.pause(0.3)
        return await _cancelled(kit, wire, seen)


@promise("leave-before-body-ends", "Client leaves inside its request body: no upstream is asked")
async def leave_before_body_ends(kit: Kit) -> str:
    mark = kit.mark()
    raw = kit.request(kit.body("plain", mark))
    async with kit.connect() as wire:
        await wire.send(raw[:-5])
        await kit.pause(0.1)
        wire.leave()
    await kit.pause(0.3)
    require(not kit.requests(mark), "an upstream was asked")
    return "no upstream was asked"


@promise("leave-while-queued", "Client leaves while its request waits in line: it is never sent")
async def leave_while_queued(kit: Kit) -> str:
    if kit.held is None or kit.let_go is None:
        raise NotApplicable("no model that requests have to wait for")
    mark = kit.mark()
    body = kit.body("plain", mark, stream=True, model=kit.held)
    async with kit.connect() as wire:
        await wire.send(kit.request(body))
        await kit.pause(0.5)
        require(not kit.requests(mark), "the request did not wait")
        wire.leave()
    await kit.pause(0.1)
    kit.let_go()
    tries = await kit.served(kit.held)
    if kit.requests(mark):
        raise Broken("the request was sent after its client had left")
    return f"never sent; the next one was answered at try {tries}"
