"""Replies and streams of chat completions, as clients of Anthropic Messages get them."""

import json
from typing import Any

import pytest

from apps.gateway.dataplane.dialects import messages_over_chat
from apps.gateway.dataplane.dialects.base import EventStream
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from tests.gateway.replies import DONE, USAGE, call, chunk, completion, data


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [], **fields}).encode()


def answered(body: Any, **fields: Any) -> Any:
    return json.loads(messages_over_chat.reply(json.dumps(body).encode(), asked(**fields)))


CALLS = [
    {"id": "call_1", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}},
    {"id": "", "function": {"name": "weather", "arguments": ""}},
    {"id": "call_3", "function": {"name": "weather", "arguments": '{"cit'}},
    {"id": "call_4", "function": {"name": "weather", "arguments": {"city": "Bonn"}}},
]


class TestReply:
    def test_text_and_usage(self) -> None:
        assert answered(completion(content="Hello.")) == {
            "id": "msg_7",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "Hello."}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 8,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 12,
                "output_tokens": 5,
                "output_tokens_details": {"thinking_tokens": 3},
            },
        }

    @pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
    def test_thoughts(self, name: str) -> None:
        body = completion(content="Yes.", **{name: "Hm."})

        assert answered(body)["content"] == [
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "text", "text": "Yes."},
        ]
        for config in ({"type": "disabled"}, {"type": "adaptive", "display": "omitted"}):
            assert len(answered(body, thinking=config)["content"]) == 1

    def test_calls(self) -> None:
        message = answered(completion(content=None, tool_calls=CALLS, finish_reason="tool_calls"))

        assert message["stop_reason"] == "tool_use"
        assert [block["input"] for block in message["content"]] == [
            {"city": "Ulm"},
            {},
            {"arguments": '{"cit'},
            {"city": "Bonn"},
        ]
        assert message["content"][1]["id"].startswith("toolu_")

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (completion(content="a", finish_reason="length"), "max_tokens"),
            (completion(content="a", finish_reason="content_filter"), "refusal"),
            (completion(content=None, refusal="No."), "refusal"),
            (completion(content="a", finish_reason="eos"), "end_turn"),
            (completion(content="a", finish_reason=None), "end_turn"),
            (completion(content="a", tool_calls=CALLS), "tool_use"),
            (completion(content="a", tool_calls=CALLS, finish_reason="length"), "max_tokens"),
        ],
    )
    def test_why_it_ended(self, body: Any, reason: str) -> None:
        assert answered(body)["stop_reason"] == reason

    @pytest.mark.parametrize("name", ["stop_reason", "matched_stop"])
    def test_the_stop_sequence_where_the_server_says_it(self, name: str) -> None:
        message = answered(completion(content="a", choice={name: "END"}))
        by_token = answered(completion(content="a", choice={name: 151645}))

        assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "END")
        assert (by_token["stop_reason"], by_token["stop_sequence"]) == ("end_turn", None)

    @pytest.mark.parametrize("body", [b"", b"no", b"[]", b"{}", b'{"choices":[{}]}'])
    def test_what_is_no_completion(self, body: bytes) -> None:
        with pytest.raises(UpstreamFailure):
            messages_over_chat.reply(body, asked())

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"error":{"message":"Too many."}}', "Too many."),
            (b'{"error":"Too many."}', "Too many."),
            (b'{"message":"Too many."}', "Too many."),
            (b'{"detail":"Too many."}', "Too many."),
            (b"Too many.", "Too many."),
            (b"{}", "It did not say why."),
        ],
    )
    def test_errors(self, body: bytes, message: str) -> None:
        assert json.loads(messages_over_chat.error_body(429, body)) == {
            "type": "error",
            "error": {"type": "rate_limit_error", "message": message},
        }

    def test_a_prompt_that_is_too_long_is_said_in_words_that_clients_know(self) -> None:
        problem = {"message": "6008 > 1024", "type": "exceed_context_size_error", "code": 400}

        body = messages_over_chat.error_body(400, json.dumps({"error": problem}).encode())

        assert json.loads(body)["error"]["message"] == "prompt is too long: 6008 > 1024"


ERROR = GatewayError(502, "upstream_broke", "It broke.")


def parsed(block: bytes) -> list[Any]:
    events = []
    for part in block.split(b"\n\n")[:-1]:
        name, _, data = part.partition(b"\n")
        events.append(json.loads(data.removeprefix(b"data: ")))
        assert name == b"event: " + events[-1]["type"].encode()
    return [event for event in events if event["type"] != "ping"]


def streamed(*pieces: bytes, **fields: Any) -> list[Any]:
    stream: EventStream = messages_over_chat.Stream(asked(stream=True, **fields))
    return parsed(b"".join(stream.feed(piece) for piece in pieces) + stream.end())


def blocks(events: list[Any]) -> list[Any]:
    """What a client would put together; checks that one block is open at a time."""
    built: list[Any] = []
    is_open = False
    for each in events:
        if each["type"] == "content_block_start":
            assert not is_open
            assert each["index"] == len(built)
            built.append(dict(each["content_block"]))
            is_open = True
        elif each["type"] == "content_block_delta":
            assert is_open
            assert each["index"] == len(built) - 1
            delta = dict(each["delta"])
            kind = delta.pop("type")
            ((name, value),) = delta.items()
            if kind == "input_json_delta":
                name = "partial_json"
            built[-1][name] = built[-1].get(name, "") + value
        elif each["type"] == "content_block_stop":
            assert is_open
            is_open = False
    assert not is_open
    return built


class TestStream:
    def test_text_from_beginning_to_end(self) -> None:
        events = streamed(
            chunk(role="assistant", content=None),
            chunk(content="Hel"),
            chunk(content='lo\n"'),
            chunk("stop"),
            USAGE,
            DONE,
        )

        assert [each["type"] for each in events] == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        started = events[0]["message"]
        assert (started["id"], started["model"], started["content"]) == ("msg_7", "m", [])
        assert blocks(events) == [{"type": "text", "text": 'Hello\n"'}]
        assert events[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
        assert events[-2]["usage"]["input_tokens"] == 8
        assert events[-2]["usage"]["output_tokens"] == 5

    def test_thoughts_text_and_calls(self) -> None:
        first = {"id": "call_1", "function": {"name": "weather"}}
        second = {"id": "call_2", "function": {"name": "time"}}
        pieces = (
            chunk(reasoning_content="H"),
            chunk(reasoning_content="m."),
            chunk(content="I look."),
            chunk(tool_calls=[call(0, "", **first)]),
            chunk(tool_calls=[call(0, '{"city":')]),
            chunk(tool_calls=[call(0, '"Ulm"}')]),
            chunk(tool_calls=[call(1, "{}", **second)]),
            chunk("tool_calls"),
        )
        events = streamed(*pieces)

        called = {"type": "tool_use", "input": {}}
        said = [
            {"type": "text", "text": "I look."},
            {**called, "id": "call_1", "name": "weather", "partial_json": '{"city":"Ulm"}'},
            {**called, "id": "call_2", "name": "time", "partial_json": "{}"},
        ]
        thought = {"type": "thinking", "thinking": "Hm.", "signature": ""}
        assert blocks(events) == [thought, *said]
        assert events[-2]["delta"]["stop_reason"] == "tool_use"
        assert blocks(streamed(*pieces, thinking={"type": "disabled"})) == said

    def test_calls_that_nobody_counts(self) -> None:
        events = streamed(
            chunk(tool_calls=[call(None, "{}", id="a", function={"name": "one"})]),
            chunk(tool_calls=[call(None, "{}", id="b", function={"name": "two"})]),
            chunk("stop"),
        )

        assert [block["name"] for block in blocks(events)] == ["one", "two"]
        assert events[-2]["delta"]["stop_reason"] == "tool_use"

    def test_one_piece_or_many_makes_no_difference(self) -> None:
        pieces = [chunk(role="assistant"), chunk(content="a"), chunk("length"), USAGE, DONE]

        assert streamed(b"".join(pieces)) == streamed(*pieces)
        with_returns = b"".join(pieces).replace(b"\n", b"\r\n")
        assert streamed(with_returns) == streamed(*pieces)

    def test_a_comment_keeps_the_client_patient(self) -> None:
        stream = messages_over_chat.Stream(asked())

        assert stream.feed(b": loading\n\n") == b""
        stream.feed(chunk(content="a"))
        assert stream.feed(b": still there\n\n") == b'event: ping\ndata: {"type":"ping"}\n\n'

    def test_nothing_said_at_all(self) -> None:
        events = streamed(chunk("stop"), DONE)

        assert [each["type"] for each in events] == [
            "message_start",
            "message_delta",
            "message_stop",
        ]

    def test_a_refusal(self) -> None:
        events = streamed(chunk(refusal="No."), chunk("stop"))

        assert blocks(events) == [{"type": "text", "text": "No."}]
        assert events[-2]["delta"]["stop_reason"] == "refusal"

    def test_nothing_comes_after_its_end(self) -> None:
        stream = messages_over_chat.Stream(asked())
        stream.feed(chunk(content="a") + chunk("stop") + DONE)

        assert stream.feed(chunk(content="b")) == b""
        assert stream.end() == b""
        assert stream.broken(ERROR) == b""


class TestBrokenStreams:
    def test_an_end_without_a_reason(self) -> None:
        stream = messages_over_chat.Stream(asked())
        stream.feed(chunk(content="a"))

        with pytest.raises(UpstreamFailure, match="before the reply was complete"):
            stream.end()
        assert parsed(stream.broken(ERROR)) == [
            {"type": "error", "error": {"type": "api_error", "message": "It broke."}}
        ]
        assert stream.end() == b""

    def test_an_error_of_the_upstream(self) -> None:
        events = streamed(
            chunk(content="a"),
            data({"error": {"message": "Out of memory.", "code": 503}}),
            chunk(content="b"),
        )

        assert events[-1] == {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Out of memory."},
        }

    @pytest.mark.parametrize(
        "nonsense",
        [
            b"data: {\n\n",
            b'data: {"choices":5}\n\n',
            b"data: \xff\n\n",
            chunk(tool_calls=[call(0, "{}")]),
        ],
    )
    def test_what_is_no_chunk(self, nonsense: bytes) -> None:
        stream = messages_over_chat.Stream(asked())
        tools = [call(0, "{", id="a"), call(1, "{}", id="b")]
        stream.feed(chunk(tool_calls=tools))

        with pytest.raises(UpstreamFailure):
            stream.feed(chunk(content="before") + nonsense)

        left = parsed(stream.broken(ERROR))
        assert [each["type"] for each in left][-2:] == ["content_block_delta", "error"]
