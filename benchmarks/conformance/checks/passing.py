"""What passes through: headers, parameters, bodies, in both directions."""

import json
import re
from typing import Any

from benchmarks.conformance.kit import Kit, promise, require
from benchmarks.conformance.scripts import completion

_ODD_PARAMETERS: dict[str, Any] = {
    "x_kit_object": {"nested": [1, None, {"deep": True}]},
    "x_kit_big": 12345678901234567890123,
    "x_kit_text": "Grüße 🦊 \u2028",
    "chat_template_kwargs": {"enable_thinking": False},
    "seed": 7,
    "logit_bias": {"50256": -100},
}


@promise("request-parameters", "Known and unknown parameters arrive with their values")
async def request_parameters(kit: Kit) -> str:
    reply, mark = await kit.order("plain", **_ODD_PARAMETERS)
    require(reply.status == 200, f"status {reply.status}")
    got = json.loads(kit.requests(mark)[0].body)
    lost = [name for name, value in _ODD_PARAMETERS.items() if got.get(name) != value]
    require(not lost, f"lost or changed: {', '.join(lost)}")
    return f"{len(_ODD_PARAMETERS)} of {len(_ODD_PARAMETERS)}"


@promise("request-bytes", "The request body passes byte for byte (but the model's name)")
async def request_bytes(kit: Kit) -> str:
    mark = kit.mark()
    body = (
        f'{{ "x_kit":1.10,"model" : "{kit.model}",\n "temperature":1.0e0, "messages" :[{{"content":'
        f'"kit:plain:{mark} \\u00e9\\/","role":"user"}}],"x_last":12345678901234567890 }}'
    )
    reply = await kit.ask(kit.request(body.encode()))
    require(reply.status == 200, f"status {reply.status}")
    got = re.sub(rb'"model" : "[^"]*"', b'"model" : "%s"' % kit.model.encode(), _sent(kit, mark))
    require(got == body.encode(), f"the upstream got {len(got)} other bytes: {got[:60]!r}")
    return f"{len(body)} bytes"


def _sent(kit: Kit, mark: str) -> bytes:
    return kit.requests(mark)[0].body


@promise("reply-bytes", "A plain reply passes byte for byte")
async def reply_bytes(kit: Kit) -> str:
    reply, mark = await kit.order("plain")
    require(bytes(reply.body) == completion(mark), f"other bytes: {bytes(reply.body[:60])!r}")
    return f"{len(reply.body)} bytes"


@promise("reply-without-length", "A plain reply that ends with its connection is whole")
async def reply_without_length(kit: Kit) -> str:
    reply, _ = await kit.order("without-length")
    said = reply.json()
    require(reply.status == 200 and isinstance(said, dict), f"status {reply.status}")
    require(said.get("choices"), "no choices")
    require(reply.is_whole, "the reply did not end as HTTP says")
    return f"{len(reply.body)} bytes"


@promise("request-headers", "The client's own headers reach the upstream")
async def request_headers(kit: Kit) -> str:
    mark = kit.mark()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    lines = f"x-kit-note: kept\r\ntraceparent: {trace}\r\n"
    await kit.ask(kit.request(kit.body("plain", mark), headers=lines))
    seen = kit.requests(mark)[0]
    lost = [name for name in ("x-kit-note", "traceparent") if seen.header(name) is None]
    require(not lost, f"lost: {', '.join(lost)}")
    return "x-kit-note, traceparent"


@promise(
    "request-headers-kept-back", "Key, cookies and hop-by-hop headers do not reach the upstream"
)
async def request_headers_kept_back(kit: Kit) -> str:
    mark = kit.mark()
    lines = "cookie: a=b\r\nconnection: keep-alive, x-kit-hop\r\nx-kit-hop: 1\r\nte: trailers\r\n"
    await kit.ask(kit.request(kit.body("plain", mark), headers=lines))
    seen = kit.requests(mark)[0]
    told = [name for name in ("cookie", "x-kit-hop", "te") if seen.header(name) is not None]
    told += ["the key"] if any(kit.key in value for _, value in seen.headers) else []
    require(not told, f"passed on: {', '.join(told)}")
    return "none of 4"


@promise("reply-headers", "The upstream's own headers reach the client, streaming or not")
async def reply_headers(kit: Kit) -> str:
    for streamed in (False, True):
        reply, _ = await kit.order("plain", stream=streamed)
        kept = reply.header("x-kit-reply")
        require(kept == "kept", f"x-kit-reply is {kept} (stream: {streamed})")
    return "x-kit-reply, both ways"


@promise("request-id", "Every reply carries its own x-request-id")
async def request_id(kit: Kit) -> str:
    replies = [(await kit.order("plain"))[0], (await kit.order("stream", stream=True))[0]]
    replies.append(await kit.ask(kit.request(b"{")))
    ids = [reply.header("x-request-id") for reply in replies]
    require(all(ids), f"missing in {ids.count(None)} of 3 (plain, stream, refusal)")
    require(len(set(ids)) == len(ids), "the same one twice")
    return f"3 of 3, e.g. {ids[0]}"


@promise("body-chunked", "A request body in HTTP chunks is read as one with a length")
async def body_chunked(kit: Kit) -> str:
    mark = kit.mark()
    body = kit.body("plain", mark)
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    head = kit.request(b"", headers="transfer-encoding: chunked\r\n", length=False)
    raw = head + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"
    reply = await kit.ask(raw)
    require(reply.status == 200, f"status {reply.status}")
    require(json.loads(_sent(kit, mark))["messages"], "the upstream got another body")
    return f"{len(pieces)} chunks"


@promise("body-expect", "Expect: 100-continue is answered")
async def body_expect(kit: Kit) -> str:
    body = kit.body("plain", kit.mark())
    raw = kit.request(body, headers="expect: 100-continue\r\n")
    async with kit.connect() as wire:
        await wire.send(raw[: -len(body)])
        interim = await wire.interim(within=5)
        await wire.send(body)
        reply = await wire.rest(await wire.head())
    require(reply.status == 200, f"status {reply.status}")
    return f"{interim or 'no'} interim reply, then 200"


@promise("models", "GET /models lists the models by name")
async def models(kit: Kit) -> str:
    reply = await kit.ask(kit.request(b"", method="GET", path="/models"))
    said = reply.json()
    require(reply.status == 200 and isinstance(said, dict), f"status {reply.status}")
    names = [each.get("id") for each in said.get("data", [])]
    require(kit.model in names, f"{kit.model} is not among {len(names)}")
    return f"{len(names)} listed"
