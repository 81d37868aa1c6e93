"""What holds for every body, however odd: it is translated, or refused with a 400."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.dialects import chat_over_messages, messages_over_chat
from apps.gateway.dataplane.dialects.base import EventStream
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = [
    *("model", "messages", "max_tokens", "system", "tools", "tool_choice", "stop_sequences"),
    *("role", "content", "type", "text", "name", "input", "source", "id", "tool_use_id", "stop"),
    *("thinking", "metadata", "output_config", "tool_calls", "function", "arguments", "stream"),
    *("temperature", "image_url", "url", "data", "response_format", "json_schema", "parameters"),
]
VALUES = [
    *("user", "assistant", "system", "tool", "text", "image", "tool_use", "tool_result"),
    *("function", "auto", "any", "base64", "url", "{}", "json_schema", "thinking", ""),
]
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(VALUES)
)
anything = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
like_a_body = st.fixed_dictionaries(
    {"model": st.just("m") | anything, "messages": st.lists(anything, max_size=3)},
    optional={name: anything for name in WORDS if name not in ("model", "messages")},
)
REQUESTS = pytest.mark.parametrize("module", [messages_over_chat, chat_over_messages])


def translated(module: Any, body: bytes) -> Any:
    """The translated body, or the refusal of it."""
    try:
        return json.loads(module.request(body, "theirs"))
    except GatewayError as refused:
        return refused


def is_sound(outcome: Any) -> bool:
    if isinstance(outcome, GatewayError):
        named = outcome.param is None or f"`{outcome.param}`" in outcome.message
        return outcome.status == 400 and named
    return bool(outcome["model"] == "theirs" and outcome["messages"])


@pytest.mark.slow
class TestAnyBody:
    @REQUESTS
    @QUICK
    @given(body=like_a_body)
    def test_is_translated_or_refused(self, module: Any, body: Any) -> None:
        assert is_sound(translated(module, json.dumps(body).encode()))

    @REQUESTS
    @QUICK
    @given(body=st.binary(max_size=40) | anything.map(lambda each: json.dumps(each).encode()))
    def test_is_never_more_than_wrong(self, module: Any, body: bytes) -> None:
        assert is_sound(translated(module, body))


like_a_reply = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("message"),
        "choices": st.lists(
            st.fixed_dictionaries(
                {}, optional={"message": anything, "finish_reason": leaf, "delta": anything}
            ),
            max_size=2,
        ),
        "content": st.lists(anything, max_size=2),
        "usage": anything,
        "error": anything,
        "detail": anything,
    },
).map(lambda each: json.dumps(each).encode())


class TestAnyReply:
    @REQUESTS
    @QUICK
    @given(body=st.binary(max_size=30) | like_a_reply)
    def test_is_translated_or_no_reply_at_all(self, module: Any, body: bytes) -> None:
        try:
            reply = json.loads(module.reply(body, b'{"model":"m"}'))
        except UpstreamFailure:
            return

        assert reply["model"] == "m"

    @REQUESTS
    @QUICK
    @given(body=st.binary(max_size=30) | like_a_reply)
    def test_is_an_error_that_says_something(self, module: Any, body: bytes) -> None:
        assert json.loads(module.error_body(500, body))["error"]["message"]


words = st.text(min_size=1, max_size=8)
name = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
text = st.builds(lambda said: {"type": "text", "text": said}, words)
picture = st.sampled_from(
    [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
    ]
)
use = st.builds(
    lambda number, called, given: {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": called,
        "input": given,
    },
    st.integers(0, 9),
    name,
    st.dictionaries(words, leaf, max_size=3),
)
result = st.builds(
    lambda number, said: {
        "type": "tool_result",
        "tool_use_id": f"toolu_{number}",
        "content": said,
    },
    st.integers(0, 9),
    words,
)
# What chat completions can say too: one text a turn, pictures, and results before what is said.
said_by_user = st.lists(result, max_size=2).flatmap(
    lambda results: st.tuples(st.just(results), st.lists(picture, max_size=2), text).map(
        lambda parts: [*parts[0], *parts[1], parts[2]]
    )
)
said_by_model = st.tuples(text, st.lists(use, max_size=2)).map(lambda each: [each[0], *each[1]])
conversation = st.lists(st.tuples(said_by_user, said_by_model), min_size=1, max_size=3).map(
    lambda pairs: [
        {"role": role, "content": content}
        for pair in pairs
        for role, content in zip(("user", "assistant"), pair, strict=True)
    ]
)
tools = st.lists(
    st.builds(
        lambda called, about: {
            "name": called,
            "description": about,
            "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
        name,
        words,
    ),
    min_size=1,
    max_size=2,
)
choice = st.sampled_from(
    [
        {"type": "auto"},
        {"type": "any"},
        {"type": "none"},
        {"type": "tool", "name": "a"},
        {"type": "auto", "disable_parallel_tool_use": True},
    ]
)
request = st.fixed_dictionaries(
    {"model": st.just("theirs"), "max_tokens": st.integers(1, 9999), "messages": conversation},
    optional={
        "system": words,
        "temperature": st.sampled_from([0.0, 0.5, 1.0]),
        "top_p": st.sampled_from([0.1, 1.0]),
        "top_k": st.integers(0, 99),
        "stop_sequences": st.lists(words, min_size=1, max_size=3),
        "metadata": st.just({"user_id": "ann"}),
        "stream": st.just(True),
    },
)


class TestThereAndBack:
    @QUICK
    @given(body=request, tooled=st.none() | st.tuples(tools, choice))
    def test_nothing_is_lost(self, body: Any, tooled: Any) -> None:
        if tooled is not None:
            body["tools"], body["tool_choice"] = tooled

        chat = messages_over_chat.request(json.dumps(body).encode(), None)

        assert json.loads(chat_over_messages.request(chat, None)) == body


event = st.binary(max_size=30) | anything.map(
    lambda each: b"data: " + json.dumps(each).encode() + b"\n\n"
)
PIECES = [
    {"id": "a", "choices": [{"delta": {"content": "a"}}]},
    {"choices": [{"delta": {"reasoning": "a"}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a"}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 1, "function": {"arguments": "{"}}]}}]},
    {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": None}},
    {"type": "message_start", "message": {}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}},
    {"type": "content_block_delta", "index": 0, "delta": {"partial_json": "{"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    {"type": "message_stop"},
]
known = st.sampled_from(PIECES).map(lambda each: b"data: " + json.dumps(each).encode() + b"\n\n")


class TestAnyStream:
    @REQUESTS
    @QUICK
    @given(pieces=st.lists(known | event, max_size=6))
    def test_ends_in_whole_events(self, module: Any, pieces: list[bytes]) -> None:
        stream: EventStream = module.Stream(b'{"model":"m"}')
        said = b""
        try:
            for piece in pieces:
                said += stream.feed(piece)
            said += stream.end()
        except UpstreamFailure:
            said += stream.broken(GatewayError(502, "upstream_broke", "It broke."))
            assert b"It broke." in said

        assert said.endswith(b"\n\n")
        for part in said.removesuffix(b"\n\n").split(b"\n\n"):
            data = part.rpartition(b"data: ")[2]
            assert part.startswith(b":") or data == b"[DONE]" or json.loads(data)
