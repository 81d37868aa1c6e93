"""An upstream that breaks: before the first byte nobody notices, after it nobody is deceived."""

from typing import Any

from benchmarks.conformance.client import Reply
from benchmarks.conformance.kit import Broken, Kit, needs_pair, promise, require
from benchmarks.conformance.scripts import TEXT

_TRIES = 10
_ARRIVED = "".join(TEXT[:3])


def _honest_end(reply: Reply) -> str:
    """What arrived, one error event, an end and no `[DONE]`. Raises Broken."""
    require(reply.status == 200, f"status {reply.status} though the stream had begun")
    require(not reply.is_done(), "the client saw a clean [DONE]")
    try:
        chunks = reply.chunks()
    except ValueError as problem:
        raise Broken(f"a torn event reached the client: {problem}") from problem
    errors = [chunk for chunk in chunks if chunk.get("error")]
    text = reply.text()
    require(text == _ARRIVED, f"of the text {len(text)} of {len(_ARRIVED)} characters arrived")
    require(len(errors) == 1, f"{len(errors)} error events, reply ended {reply.ended or 'never'}")
    require(chunks[-1].get("error"), "the error event is not the last one")
    return f"text, one error event ({errors[0]['error'].get('code')}), end"


async def _breaks(kit: Kit, script: str) -> str:
    reply, _ = await kit.order(script, stream=True)
    return _honest_end(reply)


@promise(
    "break-closed", "Upstream closes mid-stream: what arrived + one error event + end, no [DONE]"
)
async def break_closed(kit: Kit) -> str:
    return await _breaks(kit, "break-closed")


@promise("break-reset", "Upstream crashes mid-stream (RST): the same")
async def break_reset(kit: Kit) -> str:
    return await _breaks(kit, "break-reset")


@promise("break-inside-event", "Upstream breaks inside an event: the half event is not passed on")
async def break_inside_event(kit: Kit) -> str:
    return await _breaks(kit, "break-inside")


@promise("break-garbage", "Upstream sends what is no HTTP mid-stream: the same")
async def break_garbage(kit: Kit) -> str:
    return await _breaks(kit, "break-garbage")


@promise(
    "break-plain", "Upstream breaks inside a plain reply: an error, never half a JSON with 200"
)
async def break_plain(kit: Kit) -> str:
    reply, mark = await kit.order("break-plain")
    if reply.status == 200:
        require(reply.ended == "cut", "half a reply was given as a whole one")
        return "the client's connection was cut too"
    require(reply.error(), f"status {reply.status} without an error object")
    return f"status {reply.status}, {len(kit.requests(mark))} attempt(s)"


async def _invisible(kit: Kit, script: str, **more: Any) -> str:
    """The first of two upstreams fails; the client must not see it."""
    model = needs_pair(kit)
    await kit.until_both_serve(model)
    streamed = more.get("stream")
    hit = 0
    for attempt in range(_TRIES):
        reply, mark = await kit.order(script, model=model, **more)
        said = reply.error().get("message", "")
        require(reply.status == 200, f"request {attempt + 1}: status {reply.status} {said}"[:120])
        whole = reply.is_done() and reply.text() == "".join(TEXT) if streamed else reply.json()
        require(whole, f"request {attempt + 1}: the reply is not whole")
        hit += any(seen.listener == "a" for seen in kit.requests(mark))
    require(hit, "the failing upstream was never asked")
    return f"{_TRIES} of {_TRIES} answered, {hit} had met the failing upstream"


@promise("fallback-dead", "Upstream dies before the first byte: the next one answers, invisibly")
async def fallback_dead(kit: Kit) -> str:
    return await _invisible(kit, "first-dies")


@promise("fallback-dead-streaming", "The same for a streamed request")
async def fallback_dead_streaming(kit: Kit) -> str:
    return await _invisible(kit, "first-dies", stream=True)


@promise("fallback-after-head", "Upstream breaks between its head and the first event: the same")
async def fallback_after_head(kit: Kit) -> str:
    return await _invisible(kit, "first-dies-after-head", stream=True)


@promise("fallback-busy", "Upstream answers 503: the next one answers, invisibly")
async def fallback_busy(kit: Kit) -> str:
    return await _invisible(kit, "first-busy", stream=True)


@promise("all-dead", "Nobody answers: an error with a 5xx status, soon")
async def all_dead(kit: Kit) -> str:
    reply, mark = await kit.order("dies")
    require(reply.status in (500, 502, 503, 504), f"status {reply.status}")
    require(reply.error().get("message"), "no error object with a message")
    return (
        f"status {reply.status} {reply.error().get('code')}, {len(kit.requests(mark))} attempt(s)"
    )
