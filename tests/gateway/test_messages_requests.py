"""Clients that speak Anthropic Messages, upstreams that speak chat completions."""

import json
from typing import Any

import pytest

from apps.gateway.dataplane.dialects import messages_count, messages_over_chat
from apps.gateway.dataplane.errors import GatewayError

USER = {"role": "user", "content": "hi"}
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [USER], **fields}).encode()


def sent(**fields: Any) -> Any:
    return json.loads(messages_over_chat.request(asked(**fields), "theirs"))


def conversation(*turns: Any) -> Any:
    return sent(messages=list(turns))["messages"]


class TestRequest:
    def test_the_plainest(self) -> None:
        assert sent() == {"model": "theirs", "messages": [USER], "max_tokens": 9}

    def test_a_route_without_another_name_keeps_it(self) -> None:
        assert json.loads(messages_over_chat.request(asked(), None))["model"] == "m"

    def test_a_stream_asks_for_usage(self) -> None:
        body = sent(stream=True)

        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})

    def test_what_is_sampled(self) -> None:
        body = sent(temperature=0.5, top_p=0.9, top_k=40, stop_sequences=["END", "\n"])

        assert [body[name] for name in ("temperature", "top_p", "top_k", "stop")] == [
            0.5,
            0.9,
            40,
            ["END", "\n"],
        ]

    def test_what_only_engines_know_is_passed_on(self) -> None:
        body = sent(seed=7, min_p=0.1, service_tier="auto", context_management={"edits": []})

        assert (body["seed"], body["min_p"]) == (7, 0.1)
        assert not {"service_tier", "context_management"} & body.keys()

    def test_the_user(self) -> None:
        assert sent(metadata={"user_id": "ann"})["user"] == "ann"
        long = sent(metadata={"user_id": "u" * 150})["user"]
        assert len(long) == 64
        assert long != sent(metadata={"user_id": "v" * 150})["user"]

    @pytest.mark.parametrize(
        "system", ["Be brief.", [{"type": "text", "text": "Be brief.", "cache_control": {}}]]
    )
    def test_the_system_prompt(self, system: Any) -> None:
        assert sent(system=system)["messages"] == [
            {"role": "system", "content": "Be brief."},
            USER,
        ]

    def test_a_billing_header_is_no_prompt(self) -> None:
        blocks = ["x-anthropic-billing-header: cc_version=2; cch=1a2b3;", "Be brief.", "Be kind."]
        system = [{"type": "text", "text": text} for text in blocks]

        assert sent(system=system)["messages"][0]["content"] == "Be brief.\n\nBe kind."

    def test_a_schema_for_the_answer(self) -> None:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
        form = {"type": "json_schema", "schema": schema}
        wanted = {"name": "answer", "schema": schema, "strict": True}

        for fields in ({"output_config": {"format": form}}, {"output_format": form}):
            assert sent(**fields)["response_format"] == {
                "type": "json_schema",
                "json_schema": wanted,
            }

    @pytest.mark.parametrize(("effort", "theirs"), [("low", "low"), ("max", "xhigh")])
    def test_effort(self, effort: str, theirs: str) -> None:
        assert sent(output_config={"effort": effort})["reasoning_effort"] == theirs


class TestTools:
    def test_their_description(self) -> None:
        assert sent(tools=[{**WEATHER, "type": "custom", "strict": True}])["tools"] == [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "The weather of a city.",
                    "parameters": WEATHER["input_schema"],
                    "strict": True,
                },
            }
        ]

    @pytest.mark.parametrize(
        ("choice", "theirs"),
        [
            ({"type": "auto"}, "auto"),
            ({"type": "any"}, "required"),
            ({"type": "none"}, "none"),
            (
                {"type": "tool", "name": "weather"},
                {"type": "function", "function": {"name": "weather"}},
            ),
        ],
    )
    def test_the_choice(self, choice: Any, theirs: Any) -> None:
        assert sent(tools=[WEATHER], tool_choice=choice)["tool_choice"] == theirs

    def test_one_call_at_a_time(self) -> None:
        choice = {"type": "auto", "disable_parallel_tool_use": True}

        assert sent(tools=[WEATHER], tool_choice=choice)["parallel_tool_calls"] is False
        assert "tool_choice" not in sent(tool_choice=choice)  # without tools nothing is chosen

    def test_calls_and_results(self) -> None:
        call = {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Ulm"}}
        other = {**call, "id": "b", "input": {}}

        assert conversation(
            USER,
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "I look."}, call, other],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "21 °C"},
                    {"type": "tool_result", "tool_use_id": "b", "is_error": True, "content": "no"},
                    {"type": "text", "text": "And?"},
                ],
            },
        )[1:] == [
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {
                        "id": "a",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Ulm"}'},
                    },
                    {
                        "id": "b",
                        "type": "function",
                        "function": {"name": "weather", "arguments": "{}"},
                    },
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "21 °C"},
            {"role": "tool", "tool_call_id": "b", "content": "Error: no"},
            {"role": "user", "content": "And?"},
        ]

    def test_a_result_without_content_and_one_with_a_picture(self) -> None:
        picture = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}
        results = [
            {"type": "tool_result", "tool_use_id": "a"},
            {
                "type": "tool_result",
                "tool_use_id": "b",
                "content": [{"type": "text", "text": "Seen:"}, picture],
            },
        ]

        assert conversation({"role": "user", "content": results}) == [
            {"role": "tool", "tool_call_id": "a", "content": ""},
            {"role": "tool", "tool_call_id": "b", "content": "Seen:"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What the tool gave for call b:"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ],
            },
        ]


class TestConversation:
    def test_pictures(self) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
        content = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]

        assert conversation({"role": "user", "content": content})[0]["content"] == [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "text", "text": "What is it?"},
        ]

    def test_several_texts_are_one(self) -> None:
        content = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]

        assert conversation({"role": "user", "content": content})[0]["content"] == "One.\n\nTwo."

    def test_documents(self) -> None:
        text = {"type": "text", "media_type": "text/plain", "data": "It rains."}
        pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
        blocks = {"type": "content", "content": [{"type": "text", "text": "It snows."}]}
        found = {
            "type": "search_result",
            "source": "https://x",
            "title": "Hail",
            "content": [{"type": "text", "text": "It hails."}],
        }

        assert conversation(
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": text, "title": "Weather"},
                    {"type": "document", "source": pdf},
                    {"type": "document", "source": blocks},
                    found,
                ],
            }
        )[0]["content"] == [
            {"type": "text", "text": "Weather"},
            {"type": "text", "text": "It rains."},
            {
                "type": "file",
                "file": {"filename": "document", "file_data": "data:application/pdf;base64,JVBE"},
            },
            {"type": "text", "text": "It snows."},
            {"type": "text", "text": "Hail\nhttps://x\n\nIt hails."},
        ]

    def test_thoughts_go_back(self) -> None:
        content = [
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "text", "text": "Yes."},
        ]

        assert conversation(USER, {"role": "assistant", "content": content})[1] == {
            "role": "assistant",
            "content": "Yes.",
            "reasoning_content": "Hm.",
        }

    def test_a_system_turn_in_between(self) -> None:
        turn = {"role": "system", "content": [{"type": "text", "text": "Be brief."}]}

        assert conversation(USER, turn)[1] == {"role": "system", "content": "Be brief."}


class TestEstimate:
    def test_counts_text_and_not_the_bytes_of_pictures(self) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": "aGk=" * 9000}
        picture = [{"type": "image", "source": source}]
        text = messages_count.estimate(asked(system="word " * 1000))
        seen = messages_count.estimate(asked(messages=[{"role": "user", "content": picture}]))

        assert 1200 < text < 1300
        assert 1600 < seen < 1650

    def test_needs_no_limit_and_refuses_what_is_wrong(self) -> None:
        assert messages_count.estimate(asked(max_tokens=None)) < 20
        with pytest.raises(GatewayError):
            messages_count.estimate(asked(messages=[]))


class TestRefusedRequests:
    @pytest.mark.parametrize(
        ("fields", "field", "words"),
        [
            ({"max_tokens": None}, "max_tokens", "Say how long"),
            ({"max_tokens": "9"}, "max_tokens", "expected `int | null`"),
            ({"messages": []}, "messages", "length >= 1"),
            ({"messages": [{"role": "user"}]}, "messages[0].content", "missing"),
            ({"messages": [{"role": "narrator", "content": ""}]}, "messages[0].role", "narrator"),
            (
                {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
                "messages[0].content[0].type",
                "video",
            ),
            (
                {
                    "messages": [
                        {
                            "role": "assistant",
                            "content": [{"type": "tool_use", "id": "a", "name": "b", "input": 5}],
                        }
                    ]
                },
                "messages[0].content[0].input",
                "an object",
            ),
            ({"temperature": 3}, "temperature", "<= 1"),
            (
                {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
                "tools[0].type",
                "built into Anthropic's own models",
            ),
            ({"tools": [{"input_schema": {}}]}, "tools[0].name", "a name"),
            ({"tools": [{"name": "a"}]}, "tools[0].input_schema", "a JSON schema"),
            ({"mcp_servers": [{}]}, "mcp_servers", "MCP"),
            ({"container": "c"}, "container", "leave it out"),
        ],
    )
    def test_the_field_is_named(self, fields: Any, field: str, words: str) -> None:
        with pytest.raises(GatewayError) as refused:
            sent(**fields)

        assert (refused.value.status, refused.value.param) == (400, field)
        assert f"`{field}`" in refused.value.message
        assert words in refused.value.message

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"\xff"}]}',
            b'{"model":"m","system":' + b"[" * 100_000,
            asked(tools=[WEATHER]).replace(b'"string"', b"[" * 90_000 + b"]" * 90_000),
        ],
    )
    def test_what_cannot_be_read(self, body: bytes) -> None:
        with pytest.raises(GatewayError) as refused:
            messages_over_chat.request(body, "theirs")

        assert refused.value.status == 400
