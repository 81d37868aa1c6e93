"""Connections that are used again, on both sides of the gateway."""

from benchmarks.conformance.kit import Kit, promise, require

_RACES = 200
_RACE_SECONDS = 60.0
_STREAMS = 20


@promise(
    "keep-alive-race", "Upstream closes an idle connection as a request is sent: 0 of 200 fail"
)
async def keep_alive_race(kit: Kit) -> str:
    failed = 0
    marks: list[str] = []
    until = kit.now() + _RACE_SECONDS * kit.patience
    while len(marks) < _RACES and kit.now() < until:
        reply, mark = await kit.order("close-when-reused")
        failed += reply.status != 200
        marks.append(mark)
    met = sum(seen.closed_under_next for mark in marks for seen in kit.requests(mark)[-1:])
    require(not failed, f"{failed} of {len(marks)} failed")
    slow = "" if len(marks) == _RACES else f" in {_RACE_SECONDS:.0f} s, then stopped"
    return f"0 of {len(marks)} failed{slow}; {met} connections were closed under the next request"


@promise(
    "reuse-after-stream", "Upstream closes after streamed replies without saying so: 0 of 20 fail"
)
async def reuse_after_stream(kit: Kit) -> str:
    raws = []
    for number in range(2 * _STREAMS):
        streamed = number % 2 == 0
        script = "close-after-stream" if streamed else "plain"
        raws.append(kit.request(kit.body(script, kit.mark(), stream=streamed)))
    replies, connections = await kit.in_turn(raws)
    failed = sum(reply is None or reply.status != 200 or not reply.is_whole for reply in replies)
    require(not failed, f"{failed} of {len(replies)} failed, {connections} client connections")
    return f"0 of {len(replies)} failed (each second one streamed), {connections} client connection"


@promise("reuse-after-refusal", "A refused request leaves the connection usable or says it closes")
async def reuse_after_refusal(kit: Kit) -> str:
    raws = [kit.request(b"{"), kit.request(kit.body("plain", kit.mark()))]
    (refused, answered), connections = await kit.in_turn(raws)
    require(refused and 400 <= refused.status < 500, "the first one was not refused")
    require(answered and answered.status == 200, "the second one failed")
    said = refused.header("connection") if refused else None
    require(connections == 1 or said == "close", "closed without saying so")
    return f"{connections} connection(s), said: {said or 'nothing'}"


@promise("pipelined", "Two requests sent at once on one connection: two replies, in order")
async def pipelined(kit: Kit) -> str:
    marks = [kit.mark(), kit.mark()]
    raw = b"".join(kit.request(kit.body("plain", mark)) for mark in marks)
    async with kit.connect() as wire:
        await wire.send(raw)
        replies = [await wire.rest(await wire.head()) for _ in marks]
    for reply, mark in zip(replies, marks, strict=True):
        require(reply.status == 200 and mark.encode() in reply.body, "replies are mixed up")
    return "in order"
