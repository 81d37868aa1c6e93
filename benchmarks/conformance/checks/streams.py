"""Streams: every event, in order, as it was made, when it was made."""

import json
import statistics

from benchmarks.conformance.kit import Kit, promise, require
from benchmarks.conformance.scripts import (
    COMPLETION_TOKENS,
    HUGE_TEXT,
    PROMPT_TOKENS,
    TEXT,
    WIDE_TEXT,
    stream_bytes,
)

_FIRST_EVENT_MS = 50.0
_REPEATS = 20


async def _text_arrives(kit: Kit, script: str, expected: str) -> str:
    reply, _ = await kit.order(script, stream=True)
    require(reply.status == 200, f"status {reply.status} {reply.error().get('message', '')}"[:150])
    kind = reply.header("content-type") or ""
    require(kind.startswith("text/event-stream"), f"content type {kind}")
    text = reply.text()
    require(text == expected, f"{len(text)} characters instead of {len(expected)}, or others")
    require(reply.is_done(), "no [DONE]")
    require(reply.is_whole, "the reply did not end as HTTP says")
    return f"{len(reply.chunks())} events, {len(reply.body)} bytes"


@promise("stream", "A stream arrives whole, with [DONE] and an end")
async def plain_stream(kit: Kit) -> str:
    return await _text_arrives(kit, "stream", "".join(TEXT))


@promise("stream-in-one-piece", "All events in one packet: every one arrives")
async def in_one_piece(kit: Kit) -> str:
    return await _text_arrives(kit, "in-one-piece", "".join(TEXT))


@promise("stream-crlf", "Lines that end in CR LF are lines")
async def crlf(kit: Kit) -> str:
    return await _text_arrives(kit, "crlf", "".join(TEXT))


@promise("stream-split-everywhere", "Events cut at every byte arrive whole")
async def split_everywhere(kit: Kit) -> str:
    return await _text_arrives(kit, "split-everywhere", "".join(TEXT[:3]))


@promise("stream-split-letters", "UTF-8 letters cut across packets arrive whole")
async def split_letters(kit: Kit) -> str:
    return await _text_arrives(kit, "split-letters", WIDE_TEXT)


@promise("stream-huge-event", "An event of 2 MB arrives whole")
async def huge_event(kit: Kit) -> str:
    return await _text_arrives(kit, "huge-event", HUGE_TEXT)


@promise("stream-without-length", "A streamed reply that ends with its connection is whole")
async def without_length(kit: Kit) -> str:
    return await _text_arrives(kit, "without-length", "".join(TEXT))


@promise("stream-bytes", "Unknown fields, comments and odd spacing pass byte for byte")
async def untouched(kit: Kit) -> str:
    return await _same_bytes(kit, "odd-fields")


@promise("stream-bytes-crlf", "CR LF stays CR LF, byte for byte")
async def untouched_crlf(kit: Kit) -> str:
    return await _same_bytes(kit, "crlf")


async def _same_bytes(kit: Kit, script: str) -> str:
    reply, mark = await kit.order(script, stream=True)
    sent, got = stream_bytes(script, mark), bytes(reply.body)
    same = next(
        (at for at, (a, b) in enumerate(zip(sent, got, strict=False)) if a != b),
        min(len(sent), len(got)),
    )
    require(got == sent, f"differs at byte {same} of {len(sent)}: {got[same : same + 30]!r}")
    return f"{len(sent)} of {len(sent)} bytes"


@promise(
    "stream-usage-asked", "stream_options.include_usage: one usage event with the right numbers"
)
async def usage_asked(kit: Kit) -> str:
    reply, mark = await kit.order("stream", stream=True, stream_options={"include_usage": True})
    usages = [chunk["usage"] for chunk in reply.chunks() if chunk.get("usage")]
    require(len(usages) == 1, f"{len(usages)} usage events")
    numbers = (usages[0].get("prompt_tokens"), usages[0].get("completion_tokens"))
    require(numbers == (PROMPT_TOKENS, COMPLETION_TOKENS), f"usage says {numbers}")
    sent = json.loads(kit.requests(mark)[0].body).get("stream_options")
    require(sent == {"include_usage": True}, f"the upstream got stream_options {sent}")
    return f"one, {numbers[0]} + {numbers[1]} tokens"


@promise("stream-usage-not-asked", "Without the option the client sees no usage event")
async def usage_not_asked(kit: Kit) -> str:
    reply, _ = await kit.order("stream", stream=True)
    extra = [chunk for chunk in reply.chunks() if chunk.get("usage") or chunk["choices"] == []]
    require(not extra, f"{len(extra)} events that were not asked for")
    return "none"


@promise("stream-not-held-back", "An event leaves when it arrives, not with those after it")
async def not_held_back(kit: Kit) -> str:
    reply, mark = await kit.order("pause-inside", stream=True)
    (first_at, _), *_, (last_at, _) = reply.pieces
    require(TEXT[0] in reply.text(), "the first event is missing")
    apart = last_at - first_at
    require(apart > 0.5, f"first and last event came {apart * 1000:.0f} ms apart, not 1,000")
    delay = (first_at - kit.requests(mark)[0].first_sent_at) * 1000
    return f"{delay:.1f} ms after it was sent, {apart * 1000:.0f} ms before the last"


@promise("stream-first-event", "Time to first byte: ≤ 50 ms added in the median of 20")
async def first_event(kit: Kit) -> str:
    added = []
    for _ in range(_REPEATS):
        mark = kit.mark()
        async with kit.connect() as wire:
            raw = kit.request(kit.body("stream", mark, stream=True))
            asked_at = kit.now()
            await wire.send(raw)
            reply = await wire.head()
            await wire.piece(reply)
            seen = kit.requests(mark)[0]
            # What the upstream itself took between request and first byte is not the gateway's.
            own = seen.first_sent_at - seen.at
            added.append((reply.pieces[0][0] - asked_at - own) * 1000)
            await wire.rest(reply)
    middle = statistics.median(added)
    require(middle <= _FIRST_EVENT_MS * kit.patience, f"{middle:.1f} ms in the median")
    return f"{middle:.1f} ms in the median, {max(added):.1f} ms at most"
