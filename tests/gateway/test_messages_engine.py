"""Anthropic's own client before the bundled model server."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import anthropic
import httpx
import pydantic
import pytest

from tests.gateway.engine import SERVER_KEY, deploy
from tests.gateway.harness import House, Served, strict_anthropic

ASK: Any = {
    "model": "opsling",
    "max_tokens": 60,
    "messages": [{"role": "user", "content": "reboot db-07"}],
    "extra_body": {"temperature": 0},
}
WEATHER: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Verdict(pydantic.BaseModel):
    ok: Literal["yes", "no"]


@pytest.fixture
def claude(
    model_server: str, house: House, start_gateway: Callable[..., Served]
) -> Iterator[anthropic.Anthropic]:
    deploy(house, model_server, context_length=1024)
    with strict_anthropic(start_gateway()) as client:
        yield client


def text_of(message: anthropic.types.Message) -> str:
    (block,) = message.content
    assert isinstance(block, anthropic.types.TextBlock)
    return block.text


class TestTheBundledModel:
    def test_streams_what_it_answers(self, claude: anthropic.Anthropic, house: House) -> None:
        plain = claude.messages.create(**ASK)
        with claude.messages.stream(**ASK) as stream:
            streamed = stream.get_final_message()

        assert text_of(streamed) == text_of(plain)
        assert json.loads(text_of(plain))["arguments"]["node"] == "db-07"
        assert plain.stop_reason == streamed.stop_reason == "end_turn"
        first, second = house.wait_for_usage(2)
        for message, record in ((plain, first), (streamed, second)):
            usage = message.usage
            assert usage.output_tokens == record.completion_tokens > 0
            cached = usage.cache_read_input_tokens or 0
            assert usage.input_tokens + cached == record.prompt_tokens > 0

    def test_stops_where_it_is_told(self, claude: anthropic.Anthropic) -> None:
        cut = claude.messages.create(**{**ASK, "max_tokens": 2})
        ended = claude.messages.create(**ASK, stop_sequences=["run"])

        assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 2)
        assert text_of(ended) == '{"tool": "'

    def test_answers_by_a_schema(self, claude: anthropic.Anthropic) -> None:
        message = claude.messages.parse(**ASK, output_format=Verdict)

        assert message.parsed_output is not None
        assert message.parsed_output.ok in ("yes", "no")

    def test_reads_documents_and_a_whole_conversation(self, claude: anthropic.Anthropic) -> None:
        source = {"type": "text", "media_type": "text/plain", "data": "reboot db-07"}
        asked: Any = {**ASK, "messages": [{"role": "user", "content": [
            {"type": "document", "source": source}
        ]}]}  # fmt: skip
        used = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Ulm"}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "21 °C"}
        turns = [
            *ASK["messages"],
            {"role": "assistant", "content": [used]},
            {"role": "user", "content": [result]},
        ]

        assert "db-07" in text_of(claude.messages.create(**asked))
        told = claude.messages.create(**{**ASK, "messages": turns}, tools=[WEATHER])
        assert told.usage.input_tokens + (told.usage.cache_read_input_tokens or 0) > 20

    def test_takes_what_a_coding_client_sends(self, claude: anthropic.Anthropic) -> None:
        """All of Claude Code's fields, more tokens asked for than there are, a stream."""
        forever = {"type": "ephemeral", "ttl": "1h"}
        billing = "x-anthropic-billing-header: cc_version=2.0.1; cch=1a2b3;"
        asked: Any = {
            "model": "opsling",
            "max_tokens": 32000,
            "extra_body": {"temperature": 0},
            "system": [
                {"type": "text", "text": billing},
                {"type": "text", "text": "You are an agent. " * 60, "cache_control": forever},
            ],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"},
                        {"type": "text", "text": "reboot db-07", "cache_control": forever},
                    ],
                }
            ],
            "tools": [{**WEATHER, "eager_input_streaming": True}],
            "thinking": {"type": "enabled", "budget_tokens": 31999},
            "metadata": {"user_id": "user_" + "0" * 120},
            "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
            "betas": ["context-management-2025-06-27", "interleaved-thinking-2025-05-14"],
        }
        with claude.beta.messages.stream(**asked) as events:
            message = events.get_final_message()
            headers = events.response.headers

        assert message.stop_reason in ("end_turn", "max_tokens")
        assert message.usage.output_tokens > 0
        assert "x-hearth-max-tokens" in headers

    def test_counts_exactly_what_it_will_read(self, claude: anthropic.Anthropic) -> None:
        answer = claude.messages.with_raw_response.count_tokens(
            model="opsling", messages=ASK["messages"], system="Be brief."
        )
        message = claude.messages.create(**ASK, system="Be brief.")

        read = message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)
        assert answer.parse().input_tokens == read
        assert "x-tokens-estimated" not in answer.headers

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("word " * 5000, "prompt is too long"),
            (
                [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                    }
                ],
                "image input is not supported",
            ),
        ],
    )
    def test_what_it_cannot_read(
        self, claude: anthropic.Anthropic, content: Any, words: str
    ) -> None:
        with pytest.raises(anthropic.BadRequestError) as refused:
            claude.messages.create(**{**ASK, "messages": [{"role": "user", "content": content}]})

        body: Any = refused.value.body
        assert body["error"]["type"] == "invalid_request_error"
        assert words in body["error"]["message"]


class TestItsOwnMessages:
    """Why it is asked in chat completions. A test here that fails may save a translation."""

    def test_leave_the_schema_out(self, model_server: str) -> None:
        schema = {"type": "object", "properties": {"ok": {"type": "string"}}, "required": ["ok"]}
        config = {"format": {"type": "json_schema", "schema": schema}}

        said = ask(model_server, {**ASK, "output_config": config})

        assert "ok" not in json.loads(said["content"][0]["text"])

    def test_leave_documents_out(self, model_server: str) -> None:
        source = {"type": "text", "media_type": "text/plain", "data": "word " * 200}
        content = [{"type": "document", "source": source}]

        said = ask(model_server, {**ASK, "messages": [{"role": "user", "content": content}]})

        usage = said["usage"]
        assert usage["input_tokens"] + usage["cache_read_input_tokens"] < 20

    def test_call_every_end_the_end_of_a_turn(self, model_server: str) -> None:
        said = ask(model_server, {**ASK, "stop_sequences": ["run"]})

        assert (said["stop_reason"], said["stop_sequence"]) == ("end_turn", "run")

    def test_put_errors_in_another_shape(self, model_server: str) -> None:
        said = ask(model_server, {**ASK, "max_tokens": "many"})

        assert said["error"]["type"] == "invalid_request_error"
        assert "type" not in said


def ask(model_server: str, asked: Any) -> Any:
    body = {**asked, **asked["extra_body"]}
    return httpx.post(
        f"{model_server}/v1/messages",
        json=body,
        headers={"authorization": f"Bearer {SERVER_KEY}"},
        timeout=60,
    ).json()
