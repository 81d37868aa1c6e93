"""Near misses: bodies and streams that were right before somebody tampered with them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.body import Head, read_head, rewrite
from apps.gateway.dataplane.dialects import ways
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from apps.gateway.dataplane.route_table import Address, Endpoint, Load
from apps.gateway.dataplane.sse import EventRelay

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TOOL = {"name": "look", "description": "d", "parameters": {"type": "object", "properties": {}}}
CHAT = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": False},
    "max_tokens": 5,
    "temperature": 0.5,
    "stop": ["x"],
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    ],
    "tools": [{"type": "function", "function": TOOL}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
}  # fmt: skip
MESSAGES = {
    "model": "m",
    "max_tokens": 5,
    "stream": True,
    "system": [{"type": "text", "text": "be brief"}],
    "messages": [
        {"role": "user", "content": "hi"},
        {"role": "user", "content": [{"type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "seen"}]},
    ],
    "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "auto"},
    "stop_sequences": ["x"],
}  # fmt: skip
RESPONSES = {
    "model": "m",
    "stream": True,
    "instructions": "be brief",
    "max_output_tokens": 5,
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "seen"},
    ],
    "tools": [{"type": "function", **TOOL}],
    "tool_choice": "auto",
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
}  # fmt: skip
BODIES = {"/v1/chat/completions": CHAT, "/v1/messages": MESSAGES, "/v1/responses": RESPONSES}
PAIRS = [
    ("/v1/chat/completions", "messages"),
    ("/v1/chat/completions", "responses"),
    ("/v1/messages", "chat"),
    ("/v1/messages", "responses"),
    ("/v1/responses", "chat"),
    ("/v1/responses", "messages"),
]

SCRAPS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u006", b"\\ud83d", b"null", b"1e999",
     b"\x00", b"\xff", b"\xc3", b"\n", b'"model"', b'"stream_options":', b'"max_tokens":1,']
)  # fmt: skip
REWRITTEN = ("model", "stream_options")
ADDED = {"include_usage": True}
CUTS = st.integers(min_value=0, max_value=2000)
EDITS = st.lists(st.tuples(CUTS, st.integers(min_value=0, max_value=12), SCRAPS), max_size=4)
ODD = st.sampled_from(
    ["null", "true", "0", "-1", "1.5", "1" + 30 * "0", '""', '"x"', '"{"', "[]", "{}", "[[]]",
     "[null]", '{"": 0}']
)  # fmt: skip


def tampered(body: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Each edit takes some bytes out at one place and puts others in."""
    for place, size, scrap in edits:
        at = place % (len(body) + 1)
        body = body[:at] + scrap + body[at + size :]
    return body


@st.composite
def odd_bodies(draw: st.DrawFn, whole: dict[str, Any]) -> bytes:
    """The body with up to three values, anywhere inside, replaced by odd ones or taken out."""
    body = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        place: Any = body
        while place:
            name = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else
                                        range(len(place))))  # fmt: skip
            if not isinstance(place[name], dict | list) or not draw(st.booleans()):
                break
            place = place[name]
        else:
            continue
        if draw(st.booleans()):
            place[name] = json.loads(draw(ODD))
        else:
            del place[name]
    return json.dumps(body).encode()


class TestBody:
    @QUICK
    @given(EDITS)
    def test_is_read_or_refused_and_only_what_was_meant_changes(
        self, edits: list[tuple[int, int, bytes]]
    ) -> None:
        body = tampered(json.dumps(CHAT).encode(), edits)
        with refused_at_most():
            head = read_head(body)
            assert isinstance(head, Head)
            assert head.model.encode()
            changed = rewrite(body, head, model="other", add_usage=True)
            before, after = decoded(body), decoded(changed)
            if before is not None:
                assert after == {**before, **{name: after[name] for name in REWRITTEN}}
                assert after["model"] == "other"
                assert after["stream_options"] == {**options(before), **ADDED}


@contextmanager
def refused_at_most() -> Iterator[None]:
    """Whatever is wrong with a body is the client's doing."""
    try:
        yield
    except GatewayError as refused:
        if refused.status != 400:
            raise


@contextmanager
def no_reply_at_most() -> Iterator[None]:
    """Whatever is wrong with a reply is the upstream's doing."""
    try:
        yield
    except UpstreamFailure as failure:
        if failure.cause != "5xx":
            raise


def options(body: Any) -> dict[str, Any]:
    asked = body.get("stream_options")
    return asked if isinstance(asked, dict) else {}


def decoded(body: bytes) -> Any:
    """None for what this decoder cannot hold though it may be passed on."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


EVENTS = [
    b'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":4}}\r\n\r\n',
    b'event: x\ndata: {"usage":null}\n\n',
    b": \"usage\": {\n\n",
    b"data: [DONE]\n\n",
    b"data:[DONE]\r\n\r\n",
    b"\n", b"\r\n", b"\r", b"data: ", b"\n\n\n", b"\xf0\x9f", b'"usage":{',
]  # fmt: skip


def relayed(pieces: list[bytes], *, withhold: bool) -> tuple[bytes, Any, bool, int]:
    relay = EventRelay(withhold_usage=withhold)
    sent = b"".join(relay.feed(piece) for piece in pieces) + relay.rest()
    if withhold:  # between events more than one empty line means nothing
        sent = re.sub(rb"[\r\n]+", b"\n", sent).lstrip()
    return sent, relay.usage, relay.done, relay.events


class TestStream:
    @QUICK
    @given(
        st.lists(st.sampled_from(EVENTS), max_size=8),
        st.lists(st.integers(min_value=0), max_size=12),
        st.booleans(),
    )
    def test_is_the_same_however_it_is_cut(
        self, events: list[bytes], cuts: list[int], withhold: bool
    ) -> None:
        whole = b"".join(events) + b"\n\n"
        edges = [0, *sorted({cut % len(whole) for cut in cuts}), len(whole)]
        pieces = [whole[a:b] for a, b in pairwise(edges) if a < b]

        in_pieces = relayed(pieces, withhold=withhold)
        in_bytes = relayed([bytes([byte]) for byte in whole], withhold=withhold)

        assert in_pieces == relayed([whole], withhold=withhold) == in_bytes
        if not withhold:
            assert in_pieces[0] == whole


@pytest.mark.parametrize(("path", "spoken"), PAIRS)
class TestTranslations:
    @QUICK
    @given(st.data())
    def test_request_is_translated_or_refused(
        self, path: str, spoken: str, data: st.DataObject
    ) -> None:
        body = data.draw(odd_bodies(BODIES[path]))
        with refused_at_most():
            translated = way(path, spoken).request(body, "theirs")
            assert json.loads(translated)["model"] == "theirs"

    @QUICK
    @given(EDITS)
    def test_request_that_was_damaged(
        self, path: str, spoken: str, edits: list[tuple[int, int, bytes]]
    ) -> None:
        body = tampered(json.dumps(BODIES[path]).encode(), edits)
        with refused_at_most():
            assert read_head(body).model  # what it refuses reaches no translation
            way(path, spoken).request(body, "theirs")

    @QUICK
    @given(EDITS)
    def test_reply_that_was_damaged(
        self, path: str, spoken: str, edits: list[tuple[int, int, bytes]]
    ) -> None:
        asked = json.dumps(BODIES[path]).encode()
        with no_reply_at_most():
            way(path, spoken).reply(tampered(REPLIES[spoken], edits), asked)

    @QUICK
    @given(EDITS)
    def test_stream_that_was_damaged(
        self, path: str, spoken: str, edits: list[tuple[int, int, bytes]]
    ) -> None:
        stream = way(path, spoken).stream(json.dumps(BODIES[path]).encode())
        with no_reply_at_most():
            sent = stream.feed(tampered(STREAMS[spoken], edits)) + stream.end()
            assert sent[-2:] in (b"\n\n", b"")
        ending = stream.broken(GatewayError(502, "upstream_broke", "It broke."))
        assert ending[-2:] in (b"\n\n", b"")


def way(path: str, spoken: Any) -> Any:
    endpoint = Endpoint(
        id="e", name="e", address=Address(secure=False, host="h", port=1, path="/v1"), load=Load()
    )
    return ways.translated(path, endpoint, {spoken}).translation


USAGE = {"input_tokens": 3, "output_tokens": 2}
REPLIES = {
    "chat": json.dumps({
        "id": "r", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "hi", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "n", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }),
    "messages": json.dumps({
        "id": "r", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
        "content": [{"type": "text", "text": "hi"},
                    {"type": "tool_use", "id": "c", "name": "n", "input": {"a": 1}}],
        "usage": USAGE,
    }),
    "responses": json.dumps({
        "id": "r", "object": "response", "status": "completed", "model": "m", "created_at": 1,
        "output": [
            {"type": "message", "role": "assistant", "id": "o", "status": "completed",
             "content": [{"type": "output_text", "text": "hi", "annotations": []}]},
            {"type": "function_call", "id": "f", "call_id": "c", "name": "n", "arguments": "{}"}],
        "usage": {**USAGE, "total_tokens": 5},
    }),
}  # fmt: skip
REPLIES = {spoken: text.encode() for spoken, text in REPLIES.items()}


def _events(*events: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
        for name, data in events
    )


_CHUNK = {"id": "r", "object": "chat.completion.chunk", "created": 1, "model": "m"}
STREAMS = {
    "chat": b"".join(
        b"data: " + json.dumps({**_CHUNK, **each}).encode() + b"\n\n"
        for each in (
            {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi"}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [
                {"index": 0, "id": "c", "type": "function",
                 "function": {"name": "n", "arguments": "{}"}}]}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        )
    ) + b"data: [DONE]\n\n",
    "messages": _events(
        ("message_start", {"message": {"id": "r", "type": "message", "role": "assistant",
                                       "model": "m", "content": [], "usage": USAGE}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "hi"}}),
        ("content_block_stop", {"index": 0}),
        ("content_block_start", {"index": 1, "content_block": {
            "type": "tool_use", "id": "c", "name": "n", "input": {}}}),
        ("content_block_delta", {"index": 1, "delta": {
            "type": "input_json_delta", "partial_json": "{}"}}),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}),
        ("message_stop", {}),
    ),
    "responses": _events(
        ("response.created", {"response": {"id": "r", "status": "in_progress"}}),
        ("response.output_item.added", {"output_index": 0, "item": {
            "type": "message", "id": "o", "role": "assistant", "content": []}}),
        ("response.output_text.delta", {"output_index": 0, "content_index": 0, "delta": "hi"}),
        ("response.output_item.added", {"output_index": 1, "item": {
            "type": "function_call", "id": "f", "call_id": "c", "name": "n", "arguments": ""}}),
        ("response.function_call_arguments.delta", {"output_index": 1, "delta": "{}"}),
        ("response.completed", {"response": {"id": "r", "status": "completed", "output": [],
                                             "usage": USAGE}}),
    ),
}  # fmt: skip
