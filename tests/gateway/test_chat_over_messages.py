"""Clients that speak chat completions, upstreams that speak Anthropic Messages alone."""

import json
from typing import Any

import pytest

from apps.gateway.dataplane.dialects import chat_over_messages
from apps.gateway.dataplane.dialects.base import EventStream
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from tests.gateway.replies import END, LAST, MESSAGE, MESSAGE_EVENTS, START, delta, event

USER = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"name": "weather", "description": "The weather.", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": WEATHER}]


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [USER], **fields}).encode()


def sent(**fields: Any) -> Any:
    return json.loads(chat_over_messages.request(asked(**fields), "theirs"))


def text(words: str) -> Any:
    return {"type": "text", "text": words}


class TestRequest:
    def test_the_plainest(self) -> None:
        assert sent() == {
            "model": "theirs",
            "messages": [{"role": "user", "content": [text("hi")]}],
            "max_tokens": 4096,
        }

    def test_what_is_sampled(self) -> None:
        body = sent(
            max_tokens=5, temperature=1.7, top_p=0.5, stop="END", user="ann", seed=1, stream=True
        )

        del body["messages"]
        assert body == {
            "model": "theirs",
            "max_tokens": 5,
            "temperature": 1.0,
            "top_p": 0.5,
            "stop_sequences": ["END"],
            "metadata": {"user_id": "ann"},
            "stream": True,
        }
        assert sent(max_tokens=5, max_completion_tokens=6)["max_tokens"] == 6

    def test_a_conversation_with_tools(self) -> None:
        call = {"id": "call:1", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
        body = sent(
            messages=[
                {"role": "system", "content": "Be brief."},
                USER,
                {"role": "user", "content": [text("now")]},
                {"role": "assistant", "content": "", "tool_calls": [{**call, "type": "function"}]},
                {"role": "tool", "tool_call_id": "call:1", "content": "21 °C"},
                {"role": "developer", "content": [text("Be kind.")]},
                {"role": "user", "content": "And?"},
            ]
        )

        assert body["system"] == "Be brief.\n\nBe kind."
        used = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Ulm"}}
        result = {"type": "tool_result", "tool_use_id": "call_1", "content": "21 °C"}
        assert body["messages"] == [
            {"role": "user", "content": [text("hi"), text("now")]},
            {"role": "assistant", "content": [used]},
            {"role": "user", "content": [result, text("And?")]},
        ]

    def test_pictures_and_files(self) -> None:
        pdf = {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}
        content = [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "file", "file": pdf},
        ]
        source = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}

        assert sent(messages=[{"role": "user", "content": content}])["messages"][0]["content"] == [
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
            },
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {"type": "document", "title": "a.pdf", "source": source},
        ]

    @pytest.mark.parametrize(
        ("fields", "choice"),
        [
            ({}, None),
            ({"tool_choice": "required"}, {"type": "any"}),
            ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
            (
                {"tool_choice": {"type": "function", "function": {"name": "weather"}}},
                {"type": "tool", "name": "weather"},
            ),
            (
                {"parallel_tool_calls": False},
                {"type": "auto", "disable_parallel_tool_use": True},
            ),
        ],
    )
    def test_tools(self, fields: Any, choice: Any) -> None:
        body = sent(tools=TOOLS, **fields)

        tool = {"name": "weather", "description": "The weather.", "input_schema": SCHEMA}
        assert body["tools"] == [tool]
        assert body.get("tool_choice") == choice

    def test_what_the_answer_is_like(self) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}

        assert sent(response_format=form, reasoning_effort="minimal")["output_config"] == {
            "format": {"type": "json_schema", "schema": SCHEMA},
            "effort": "low",
        }
        assert sent(reasoning_effort="none")["thinking"] == {"type": "disabled"}
        assert "output_config" not in sent(response_format={"type": "text"})

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "system", "content": "a"}]}, "messages"),
            ({"messages": [{"role": "function", "content": "a"}]}, "messages[0].role"),
            (
                {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
                "messages[0].content[0].type",
            ),
            (
                {
                    "messages": [
                        {
                            "role": "user",
                            "content": [{"type": "image_url", "image_url": {"url": "file:///x"}}],
                        }
                    ]
                },
                "messages[0].content[0].image_url.url",
            ),
            (
                {
                    "messages": [
                        {
                            "role": "assistant",
                            "tool_calls": [
                                {"id": "a", "function": {"name": "b", "arguments": "[]"}}
                            ],
                        }
                    ]
                },
                "messages[0].tool_calls[0].function.arguments",
            ),
            ({"n": 2}, "n"),
            ({"logprobs": True}, "logprobs"),
            ({"modalities": ["audio"]}, "modalities"),
            ({"functions": [{}]}, "functions"),
            ({"web_search_options": {}}, "web_search_options"),
            ({"response_format": {"type": "json_object"}}, "response_format.type"),
            ({"tools": [{"type": "custom"}]}, "tools[0].type"),
            (
                {"tools": [{"type": "function", "function": {"name": "a", "parameters": 5}}]},
                "tools[0].function.parameters",
            ),
        ],
    )
    def test_a_field_that_cannot_be_said(self, fields: Any, field: str) -> None:
        with pytest.raises(GatewayError) as refused:
            sent(**fields)

        assert (refused.value.status, refused.value.param) == (400, field)


USAGE = {
    "prompt_tokens": 23,
    "completion_tokens": 5,
    "total_tokens": 28,
    "prompt_tokens_details": {"cached_tokens": 12},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
ARGUMENTS = '{"city": "Ulm"}'


def answered(**changes: Any) -> Any:
    body = json.dumps({**MESSAGE, **changes}).encode()
    return json.loads(chat_over_messages.reply(body, asked()))


class TestReply:
    def test_everything_at_once(self) -> None:
        reply = answered()

        assert (reply["id"], reply["object"], reply["model"]) == (
            "chatcmpl-7",
            "chat.completion",
            "m",
        )
        function = {"name": "weather", "arguments": ARGUMENTS}
        assert reply["choices"] == [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "I look.",
                    "refusal": None,
                    "reasoning_content": "Hm.",
                    "tool_calls": [{"id": "toolu_1", "type": "function", "function": function}],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ]
        assert reply["usage"] == USAGE

    @pytest.mark.parametrize(
        ("stop", "finish"),
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("news", "stop"),
        ],
    )
    def test_why_it_ended(self, stop: str, finish: str) -> None:
        assert answered(stop_reason=stop)["choices"][0]["finish_reason"] == finish

    def test_a_refusal(self) -> None:
        details = {"type": "refusal", "explanation": "Not that."}
        choice = answered(content=[], stop_reason="refusal", stop_details=details)["choices"][0]

        assert choice["finish_reason"] == "content_filter"
        assert (choice["message"]["content"], choice["message"]["refusal"]) == (None, "Not that.")

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"object":"chat.completion"}'])
    def test_what_is_no_message(self, body: bytes) -> None:
        with pytest.raises(UpstreamFailure):
            chat_over_messages.reply(body, asked())

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ("prompt is too long: 9 tokens > 8 maximum", "context_length_exceeded"),
            ("Too many.", "rate_limit_error"),
        ],
    )
    def test_errors(self, said: str, code: str) -> None:
        problem = {"type": "error", "error": {"type": "rate_limit_error", "message": said}}

        error = json.loads(chat_over_messages.error_body(429, json.dumps(problem).encode()))

        assert error == {
            "error": {"message": said, "type": "rate_limit_error", "param": None, "code": code}
        }

    def test_an_error_without_a_shape(self) -> None:
        error = json.loads(chat_over_messages.error_body(500, b"<html>"))

        assert error["error"]["message"] == "<html>"


def streamed(*pieces: bytes, **fields: Any) -> list[Any]:
    stream: EventStream = chat_over_messages.Stream(asked(stream=True, **fields))
    said = b"".join(stream.feed(piece) for piece in pieces) + stream.end()
    events = said.removesuffix(b"\n\n").split(b"\n\n")
    assert events.pop() == b"data: [DONE]"
    return [json.loads(each[6:]) for each in events if not each.startswith(b":")]


class TestStream:
    def test_everything_at_once(self) -> None:
        chunks = streamed(*MESSAGE_EVENTS)

        deltas = [each["choices"][0]["delta"] for each in chunks]
        assert deltas[:3] == [
            {"role": "assistant", "content": ""},
            {"reasoning_content": "Hm."},
            {"content": "I look."},
        ]
        calls = [each["tool_calls"][0] for each in deltas if "tool_calls" in each]
        assert [(call["index"], call.get("id"), call["function"]) for call in calls] == [
            (0, "a", {"name": "weather", "arguments": ""}),
            (0, None, {"arguments": '{"city":'}),
            (0, None, {"arguments": ' "Ulm"}'}),
            (1, "b", {"name": "time", "arguments": ""}),
            (1, None, {"arguments": "{}"}),
        ]
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
        assert {each["id"] for each in chunks} == {"chatcmpl-7"}
        assert streamed(b"".join(MESSAGE_EVENTS)) == chunks

    def test_usage_for_those_who_ask(self) -> None:
        *chunks, last = streamed(*MESSAGE_EVENTS, stream_options={"include_usage": True})

        assert all(each["usage"] is None for each in chunks)
        assert last["choices"] == []
        assert last["usage"] == {**USAGE, "completion_tokens": 9, "total_tokens": 32}

    def test_a_refusal(self) -> None:
        end = event("message_delta", delta={"stop_reason": "refusal"})

        refused, finished = streamed(START, end, LAST)[-2:]

        assert refused["choices"][0]["delta"] == {"refusal": "The model declined to answer."}
        assert finished["choices"][0]["finish_reason"] == "content_filter"

    def test_an_error_of_the_upstream(self) -> None:
        stream = chat_over_messages.Stream(asked())
        problem = {"type": "overloaded_error", "message": "Busy."}

        said = stream.feed(START + event("error", error=problem) + LAST)

        assert json.loads(said.split(b"\n\n")[1][6:])["error"]["message"] == "Busy."
        assert b"[DONE]" not in said
        assert stream.feed(LAST) == b""

    @pytest.mark.parametrize(
        "nonsense", [b"data: {\n\n", delta(9, type="input_json_delta", partial_json="{")]
    )
    def test_what_is_no_message(self, nonsense: bytes) -> None:
        stream = chat_over_messages.Stream(asked())

        with pytest.raises(UpstreamFailure):
            stream.feed(START + nonsense)
        with pytest.raises(UpstreamFailure):
            stream.end()
        said = stream.broken(GatewayError(502, "upstream_broke", "It broke."))
        assert said.count(b"data: ") == 2  # what was ready, and the error
        assert stream.broken(GatewayError(502, "upstream_broke", "It broke.")) == b""

    def test_a_stream_without_a_beginning(self) -> None:
        with pytest.raises(UpstreamFailure, match="in the middle"):
            chat_over_messages.Stream(asked()).feed(END)
