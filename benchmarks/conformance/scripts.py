"""What the upstream can be told to do: `kit:SCRIPT:MARK` in the prompt runs SCRIPTS[SCRIPT]."""

import json
import time
from itertools import pairwise

from benchmarks.conformance.upstream import Exchange, Script, plain

TEXT = ("One ", "two, ", "drei – ", "quatre… ", "fünf.")
WIDE_TEXT = "Grüße, 你好, 🦊 and naïve façades"
HUGE_TEXT = "All work and no play. " * 100_000  # 2.2 MB in one event
FLOOD_BYTES = 64 * 1024 * 1024
FLOOD_EVENT_BYTES = 16 * 1024
DRIP_SECONDS = 0.05
RETRY_AFTER = "17"
PROMPT_TOKENS, COMPLETION_TOKENS = 11, 5

_LONG = 20.0  # longer than any check waits
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-kit-reply: kept\r\n"
    b"connection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"
)
_USAGE = (
    f'{{"prompt_tokens":{PROMPT_TOKENS},"completion_tokens":{COMPLETION_TOKENS},'
    f'"total_tokens":{PROMPT_TOKENS + COMPLETION_TOKENS},"x_kit_cost":0.10}}'
)
DONE = b"data: [DONE]\n\n"


# -- bytes


def chunk(mark: str, text: str, *, finish: str = "null") -> str:
    """One chat chunk as JSON, with a number and a field that a rewriting gateway would change."""
    content = json.dumps(text, ensure_ascii=False)
    return (
        f'{{"id":"chatcmpl-{mark}","object":"chat.completion.chunk","created":1700000000,'
        f'"model":"kit","x_kit":{{"exact":1.10,"big":12345678901234567890}},"choices":[{{'
        f'"index":0,"delta":{{"role":"assistant","content":{content}}},"logprobs":null,"finish_reason":{finish}}}]}}'
    )


def event(mark: str, text: str, *, finish: str = "null") -> bytes:
    return f"data: {chunk(mark, text, finish=finish)}\n\n".encode()


def usage_event(mark: str) -> bytes:
    return (
        f'data: {{"id":"chatcmpl-{mark}","object":"chat.completion.chunk","created":1700000000,'
        f'"model":"kit","choices":[],"usage":{_USAGE}}}\n\n'
    ).encode()


def completion(mark: str) -> bytes:
    """A plain reply, spaced and ordered as no JSON library would."""
    return (
        f'{{ "x_kit" : {{"exact":1.10,  "big":12345678901234567890}},"id":"chatcmpl-{mark}",'
        '"object":"chat.completion",\n"created":1700000000, "model":"kit","choices":[{"index":0,'
        '"message":{"role":"assistant","content":"Gr\\u00fc\\u00dfe \\/ ok"},"logprobs":null,'
        f'"finish_reason":"stop"}}],"usage":{_USAGE} }}'
    ).encode()


def stream_pieces(script: str, mark: str) -> list[bytes]:
    """What a stream script sends before usage and `[DONE]`, one piece per HTTP chunk."""
    words = [event(mark, word) for word in TEXT]
    end = event(mark, "", finish='"stop"')
    if script == "odd-fields":
        return [
            b": a comment before everything\n\n",
            b"event: x-kit\n" + words[0],
            b"id: 7\nretry: 3000\nx-unknown: kept\n" + words[1],
            b":\n\n" + words[2].replace(b"data: ", b"data:"),
            words[3].replace(b',"model"', b',\ndata: "model"'),
            words[4],
            end,
        ]
    if script == "crlf":
        return [each.replace(b"\n", b"\r\n") for each in [*words, end]]
    if script == "split-everywhere":
        return [bytes([byte]) for byte in b"".join([*words[:3], end])]
    if script == "split-letters":
        wide = event(mark, WIDE_TEXT)
        inside = [at for at, byte in enumerate(wide) if 0x80 <= byte < 0xC0]
        edges = [0, *inside, len(wide)]
        return [wide[a:b] for a, b in pairwise(edges)] + [end]
    if script == "huge-event":
        return [event(mark, HUGE_TEXT), end]
    if script == "in-one-piece":
        return [b"".join([*words, end])]
    return [*words, end]


def stream_bytes(script: str, mark: str) -> bytes:
    """All a client gets that did not ask for usage."""
    return b"".join(stream_pieces(script, mark)) + DONE


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _wants_usage(exchange: Exchange) -> bool:
    options = _body(exchange).get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _body(exchange: Exchange) -> dict[str, object]:
    try:
        body = json.loads(exchange.seen.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


# -- what goes well


async def _answer(exchange: Exchange) -> bool:
    """A stream when one is asked for, else a plain reply."""
    if _body(exchange).get("stream") is True:
        return await _stream("stream")(exchange)
    await exchange.send(plain(200, completion(exchange.mark), more=[("x-kit-reply", "kept")]))
    return True


def _stream(script: str) -> Script:
    async def run(exchange: Exchange) -> bool:
        await exchange.send(_STREAM_HEAD)
        for piece in stream_pieces(script, exchange.mark):
            await exchange.send(http_chunk(piece))
        await _end_stream(exchange)
        return True

    return run


async def _end_stream(exchange: Exchange) -> None:
    last = usage_event(exchange.mark) if _wants_usage(exchange) else b""
    await exchange.send(http_chunk(last + DONE) + b"0\r\n\r\n")


async def _pause_inside(exchange: Exchange) -> bool:
    """The first event, a second of silence, the others."""
    first, *others = stream_pieces("stream", exchange.mark)
    await exchange.send(_STREAM_HEAD + http_chunk(first))
    await exchange.pause(1.0)
    for piece in others:
        await exchange.send(http_chunk(piece))
    await _end_stream(exchange)
    return True


async def _without_length(exchange: Exchange) -> bool:
    if _body(exchange).get("stream") is True:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        await exchange.send(head + stream_bytes("stream", exchange.mark))
    else:
        head = b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n"
        await exchange.send(head + completion(exchange.mark))
    return False


async def _close_after_stream(exchange: Exchange) -> bool:
    """As some model servers do: keep-alive in the head, and a closed connection at the end."""
    await _stream("stream")(exchange)
    return False


async def _close_when_reused(exchange: Exchange) -> bool:
    """A reply, and the connection closes just as the next request comes in on it."""
    await _answer(exchange)
    exchange.seen.is_over = True
    while not exchange.line.waiting:
        await exchange.line.more()
    exchange.seen.closed_under_next = True
    exchange.line.reset()
    return False


# -- what takes long


async def _silent(exchange: Exchange) -> bool:
    await exchange.pause(_LONG)
    return False


async def _drip(exchange: Exchange) -> bool:
    await exchange.send(_STREAM_HEAD)
    until = time.monotonic() + _LONG
    while time.monotonic() < until:
        await exchange.send(http_chunk(event(exchange.mark, f"{time.monotonic()} ")))
        await exchange.pause(DRIP_SECONDS)
    return False


async def _slow_answer(exchange: Exchange) -> bool:
    await exchange.pause(1.0)
    return await _answer(exchange)


async def _flood(exchange: Exchange) -> bool:
    """64 MiB of events as fast as they are taken. No two are alike, or some gateways end it."""
    await exchange.send(_STREAM_HEAD)
    filler = "x" * FLOOD_EVENT_BYTES
    for number in range(FLOOD_BYTES // FLOOD_EVENT_BYTES):
        await exchange.send(http_chunk(event(exchange.mark, f"{number} {filler}")))
    await _end_stream(exchange)
    return True


# -- what breaks


def _break(how: str) -> Script:
    """Three whole events, then the end that no reply should have."""

    async def run(exchange: Exchange) -> bool:
        pieces = stream_pieces("stream", exchange.mark)
        await exchange.send(_STREAM_HEAD)
        for piece in pieces[:3]:
            await exchange.send(http_chunk(piece))
            await exchange.pause(0.02)
        if how == "garbage":
            await exchange.send(b"this is no chunk\r\n\r\n")
        elif how == "inside":
            await exchange.send(http_chunk(pieces[3][:40]))
        await exchange.pause(0.05)
        if how == "reset":
            exchange.line.reset()
        return False

    return run


async def _break_plain(exchange: Exchange) -> bool:
    whole = completion(exchange.mark)
    await exchange.send(plain(200, whole)[: -len(whole) // 2])
    return False


async def _die(exchange: Exchange) -> bool:
    exchange.line.reset()
    return False


async def _die_after_head(exchange: Exchange) -> bool:
    await exchange.send(_STREAM_HEAD)
    await exchange.pause(0.05)
    return False


def _first(script: Script) -> Script:
    """The first upstream misbehaves, the second one answers."""

    async def run(exchange: Exchange) -> bool:
        return await (script if exchange.seen.listener == "a" else _answer)(exchange)

    return run


def _status(status: int, body: bytes, *, kind: str = "application/json") -> Script:
    async def run(exchange: Exchange) -> bool:
        more = [("retry-after", RETRY_AFTER)] if status == 429 else []
        await exchange.send(plain(status, body, kind=kind, more=more))
        return True

    return run


def error_body(message: str, kind: str, code: str) -> bytes:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json.dumps({"error": error}).encode()


BAD_PARAMETER = "kit: temperature must be below 7"
BUSY = error_body("kit: too many requests", "rate_limit_error", "rate_limited")

SCRIPTS: dict[str, Script] = {
    "plain": _answer,
    **{
        name: _stream(name)
        for name in (
            "stream", "odd-fields", "crlf", "split-everywhere", "split-letters", "huge-event",
            "in-one-piece",
        )
    },
    "pause-inside": _pause_inside,
    "without-length": _without_length,
    "close-after-stream": _close_after_stream,
    "close-when-reused": _close_when_reused,
    "silent": _silent,
    "drip": _drip,
    "slow-answer": _slow_answer,
    "flood": _flood,
    "break-closed": _break("closed"),
    "break-reset": _break("reset"),
    "break-inside": _break("inside"),
    "break-garbage": _break("garbage"),
    "break-plain": _break_plain,
    "dies": _die,
    "first-dies": _first(_die),
    "first-dies-after-head": _first(_die_after_head),
    "first-busy": _first(_status(503, error_body("kit: busy", "server_error", "busy"))),
    "answers-400": _status(
        400, error_body(BAD_PARAMETER, "invalid_request_error", "bad_temperature")
    ),
    "answers-429": _status(429, BUSY),
    "answers-500-html": _status(500, b"<html>oops</html>", kind="text/html"),
}  # fmt: skip
