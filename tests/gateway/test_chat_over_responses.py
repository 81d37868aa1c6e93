"""Clients of chat completions before a server that knows the Responses API alone."""

from typing import Any

import pytest

from tests.gateway.harness import Speaking, post, strict_openai
from tests.gateway.replies import RESPONSE, RESPONSE_EVENTS
from tests.gateway.scripted_upstream import ScriptedUpstream

HI: Any = [{"role": "user", "content": "hi"}]
CHAT_TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {}}}


class TestChatFromResponses:
    def test_plain(self, speaking: Speaking, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(RESPONSE)
        asked: Any = [
            {"role": "system", "content": "Be brief."},
            *HI,
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "x", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "snow"},
        ]

        with strict_openai(speaking(["responses"])) as client:
            reply = client.chat.completions.create(
                model="tiny",
                messages=asked,
                tools=[CHAT_TOOL],
                max_completion_tokens=50,
                reasoning_effort="low",
                seed=7,
            )

        assert reply.choices[0].message.content == "I look."
        assert reply.choices[0].finish_reason == "tool_calls"
        calls = reply.choices[0].message.tool_calls
        assert calls is not None
        assert calls[0].to_dict()["function"] == {"name": "weather", "arguments": '{"city": "Ulm"}'}
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (20, 5)
        assert scripted.seen[0].path == "/v1/responses"
        assert scripted.seen[0].body == {
            "model": "tiny",
            "store": False,
            "seed": 7,
            "max_output_tokens": 50,
            "reasoning": {"effort": "low"},
            "tools": [{"type": "function", "name": "weather", "parameters": {}, "strict": False}],
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "Let me see."},
                {"type": "function_call", "call_id": "a", "name": "x", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a", "output": "snow"},
            ],
        }

    def test_a_schema_and_a_picture(self, speaking: Speaking, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(RESPONSE)
        schema = {"name": "city", "schema": {"type": "object"}, "strict": True}
        url = "data:image/png;base64,AAAA"
        parts = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]

        reply = post(
            speaking(["responses"]),
            messages=[{"role": "user", "content": parts}],
            response_format={"type": "json_schema", "json_schema": schema},
        )

        assert reply.status_code == 200
        seen = scripted.seen[0].body
        assert seen["text"] == {"format": {"type": "json_schema", **schema}}
        assert seen["input"][0]["content"] == [
            {"type": "input_text", "text": "?"},
            {"type": "input_image", "image_url": url, "detail": "auto"},
        ]

    def test_stream(self, speaking: Speaking, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(*RESPONSE_EVENTS)

        with strict_openai(speaking(["responses"])) as client:
            chunks = list(
                client.chat.completions.create(
                    model="tiny",
                    messages=HI,
                    stream=True,
                    stream_options={"include_usage": True},
                )
            )

        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == "I look."
        calls = [call for delta in deltas for call in delta.tool_calls or ()]
        assert [call.function and call.function.arguments for call in calls] == [
            "",
            '{"city": "Ulm"}',
        ]
        assert chunks[-2].choices[0].finish_reason == "tool_calls"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == 25

    @pytest.mark.parametrize("stop", [4, 6])
    def test_a_stream_that_breaks_has_no_end(
        self, speaking: Speaking, scripted: ScriptedUpstream, stop: int
    ) -> None:
        scripted.will_stream(*RESPONSE_EVENTS[:stop])

        reply = post(speaking(["responses"]), stream=True)

        assert b'"error"' in reply.content
        assert b"[DONE]" not in reply.content

    def test_what_it_cannot_say_is_named(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        gateway = speaking(["responses"])

        for changes in ({"n": 2}, {"stop": ["x"]}, {"functions": [{"name": "x"}]}):
            reply = post(gateway, **changes)
            assert reply.status_code == 400
            assert reply.json()["error"]["param"] in changes
        assert scripted.seen == []
