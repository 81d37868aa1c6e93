"""Errors: a status that fits, one shape, and nobody else disturbed."""

import json

from benchmarks.conformance.client import NoReply, Reply
from benchmarks.conformance.kit import Kit, promise, require
from benchmarks.conformance.scripts import BAD_PARAMETER, RETRY_AFTER


def _refusal(reply: Reply, *statuses: int) -> str:
    """The reply is one of these and has OpenAI's error object. Raises Broken."""
    error = reply.error()
    code = error.get("code") or error.get("type")
    require(reply.status in statuses, f"status {reply.status} ({code}), not {statuses[0]}")
    require(isinstance(error.get("message"), str), f"status {reply.status} without error.message")
    missing = [name for name in ("type", "param", "code") if name not in error]
    require(not missing, f"status {reply.status}, error without {', '.join(missing)}")
    return f"status {reply.status}, {code}"


@promise("error-no-key", "No key: 401 in OpenAI's shape")
async def no_key(kit: Kit) -> str:
    return _refusal(await kit.ask(kit.request(kit.body("plain", kit.mark()), key="")), 401)


@promise("error-wrong-key", "A key nobody issued: 401, and no upstream is asked")
async def wrong_key(kit: Kit) -> str:
    mark = kit.mark()
    reply = await kit.ask(kit.request(kit.body("plain", mark), key="sk-nobody-issued-this"))
    require(not kit.requests(mark), "the upstream was asked")
    return _refusal(reply, 401)


@promise("error-unknown-model", "An unknown model: 404 (or 400) in OpenAI's shape")
async def unknown_model(kit: Kit) -> str:
    reply, _ = await kit.order("plain", model="kit-no-such-model")
    return _refusal(reply, 404, 400)


@promise("error-unknown-path", "An unknown path: 404 in OpenAI's shape")
async def unknown_path(kit: Kit) -> str:
    return _refusal(await kit.ask(kit.request(b"{}", path="/no-such-thing")), 404)


async def _bad_body(kit: Kit, body: bytes) -> str:
    return _refusal(await kit.ask(kit.request(body)), 400, 422)


@promise("error-not-json", "A body that is not JSON: 400 in OpenAI's shape")
async def not_json(kit: Kit) -> str:
    return await _bad_body(kit, b"model=kit&messages=hi")


@promise("error-wrong-types", "A body of the wrong shape: 400 in OpenAI's shape")
async def wrong_types(kit: Kit) -> str:
    return await _bad_body(kit, b'{"model": ["kit"], "messages": "hi"}')


@promise("error-not-utf8", "A body that is not UTF-8: 400 in OpenAI's shape")
async def not_utf8(kit: Kit) -> str:
    return await _bad_body(kit, b'{"model": "\xff\xfe", "messages": []}')


@promise("error-deep-nesting", "100,000 brackets: refused, and the next request is answered")
async def deep_nesting(kit: Kit) -> str:
    nested = b"[" * 100_000 + b"]" * 100_000
    model = json.dumps(kit.model).encode()
    said = await _bad_body(kit, b'{"model":%s,"messages":%s}' % (model, nested))
    reply, _ = await kit.order("plain")
    require(reply.status == 200, f"status {reply.status} for the next one")
    return said


@promise("duplicate-model", "`model` given twice: refused, or both sides read the same one")
async def duplicate_model(kit: Kit) -> str:
    mark = kit.mark()
    body = kit.body("plain", mark)
    doubled = b'{"model":"kit-no-such-model",' + body[1:]
    reply = await kit.ask(kit.request(doubled))
    if reply.status != 200:
        return _refusal(reply, 400, 404, 422)
    sent = kit.requests(mark)[0].body
    require(sent.count(b'"model"') == 1, "the upstream got both and may read the other one")
    return "one of them was used and passed on"


@promise("upstream-400", "An upstream's 400 reaches the client with status and reason")
async def upstream_400(kit: Kit) -> str:
    reply, mark = await kit.order("answers-400")
    said = _refusal(reply, 400)
    require(BAD_PARAMETER in reply.error()["message"], "the upstream's reason is lost")
    require(len(kit.requests(mark)) == 1, f"asked {len(kit.requests(mark))} times")
    return said


@promise("upstream-429", "An upstream's 429 reaches the client with its Retry-After")
async def upstream_429(kit: Kit) -> str:
    reply, _ = await kit.order("answers-429")
    said = _refusal(reply, 429)
    after = reply.header("retry-after")
    require(after == RETRY_AFTER, f"retry-after is {after}, not {RETRY_AFTER}")
    return f"{said}, retry-after {after}"


@promise("upstream-500", "An upstream's HTML error page becomes an error object, also for streams")
async def upstream_500(kit: Kit) -> str:
    reply, _ = await kit.order("answers-500-html", stream=True)
    return _refusal(reply, 500, 502)


async def _two_readings(kit: Kit, lines: bytes, rest: bytes) -> str:
    """A request that two readers may take for different ones: refused, and never sent on."""
    mark = kit.mark()
    body = kit.body("plain", mark)
    head = kit.request(b"", headers="content-type: application/json\r\n", length=False)[:-2]
    async with kit.connect() as wire:
        await wire.send(head + lines % len(body) + b"\r\n" + rest.replace(b"BODY", body))
        try:
            reply = await wire.head(within=5)
        except NoReply:
            require(not kit.requests(mark), "the upstream was asked")
            return "connection closed"
        closed = await wire.is_closed_after(reply, within=5)
    require(not kit.requests(mark), f"status {reply.status} and the upstream was asked")
    require(400 <= reply.status < 500, f"status {reply.status}")
    require(closed, "the connection stays open, or more follows the refusal")
    return f"status {reply.status}, connection closed"


@promise("smuggling-cl-te", "Content-Length and Transfer-Encoding together: refused and closed")
async def smuggling_cl_te(kit: Kit) -> str:
    lines = b"content-length: %d\r\ntransfer-encoding: chunked\r\n"
    return await _two_readings(kit, lines, b"0\r\n\r\nBODY")


@promise("smuggling-two-lengths", "Two different Content-Lengths: refused and closed")
async def smuggling_two_lengths(kit: Kit) -> str:
    return await _two_readings(kit, b"content-length: %d\r\ncontent-length: 3\r\n", b"BODY")


@promise("smuggling-bad-chunk", "A chunk size that is no number: refused and closed")
async def smuggling_bad_chunk(kit: Kit) -> str:
    # The remainder of a body's length by one takes up the number and leaves a plain header.
    lines = b"transfer-encoding: chunked\r\nx-kit: %d\r\n"
    return await _two_readings(kit, lines, b"0x1;\r\nBODY\r\n0\r\n\r\n")
