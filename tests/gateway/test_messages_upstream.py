"""An upstream that knows Anthropic Messages alone, before clients of either kind."""

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import msgspec
import openai
import pytest

from apps.gateway.dataplane import snapshot
from tests.gateway.harness import (
    SECRET,
    House,
    Served,
    strict_anthropic,
    strict_openai,
    wait_until_known,
)
from tests.gateway.replies import MESSAGE, MESSAGE_EVENTS, START, completion, event
from tests.gateway.scripted_upstream import ScriptedUpstream

SAY_HI: Any = [{"role": "user", "content": "hi"}]
TOO_LONG = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "prompt is too long: 9 tokens > 8 maximum",
    },
}


@pytest.fixture
def served(
    house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
) -> Served:
    house.serve("tiny", scripted.url, speaks=["messages"], model="claude")
    house.upstreams[0] = msgspec.structs.replace(house.upstreams[0], sealed_key="sealed:sk-theirs")
    return start_gateway()


@pytest.fixture
def gpt(served: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(served) as client:
        yield client


@pytest.fixture
def claude(served: Served) -> Iterator[anthropic.Anthropic]:
    with strict_anthropic(served) as client:
        yield client


class TestClientsOfChatCompletions:
    def test_a_plain_reply(self, gpt: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(MESSAGE)

        reply = gpt.chat.completions.create(model="tiny", messages=SAY_HI)

        (choice,) = reply.choices
        assert (choice.message.content, choice.finish_reason) == ("I look.", "tool_calls")
        assert choice.message.tool_calls is not None
        assert choice.message.tool_calls[0].to_dict()["function"] == {
            "name": "weather",
            "arguments": '{"city": "Ulm"}',
        }
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (23, 5)
        seen = scripted.seen[0]
        assert (seen.path, seen.body["model"]) == ("/v1/messages", "claude")
        assert seen.header("x-api-key") == "sk-theirs"
        assert seen.header("authorization") is None
        assert seen.header("anthropic-version") == "2023-06-01"

    def test_a_stream(self, gpt: openai.OpenAI, scripted: ScriptedUpstream, house: House) -> None:
        scripted.will_stream(*MESSAGE_EVENTS)

        with gpt.chat.completions.stream(model="tiny", messages=SAY_HI) as stream:
            stream.until_done()
            reply = stream.get_final_completion()

        message = reply.choices[0].message
        assert message.content == "I look."
        assert [call.function.arguments for call in message.tool_calls or ()] == [
            '{"city": "Ulm"}',
            "{}",
        ]
        record = house.wait_for_usage(1)[0]
        assert (record.prompt_tokens, record.completion_tokens) == (23, 9)
        assert (record.cached_tokens, record.estimated) == (12, False)

    def test_a_stream_that_says_its_usage(
        self, gpt: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(*MESSAGE_EVENTS)

        *chunks, last = gpt.chat.completions.create(
            model="tiny", messages=SAY_HI, stream=True, stream_options={"include_usage": True}
        )

        assert all(chunk.usage is None for chunk in chunks)
        assert last.usage is not None
        assert last.usage.total_tokens == 32

    def test_what_the_upstream_refuses(
        self, gpt: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(TOO_LONG, status=400)

        with pytest.raises(openai.BadRequestError, match="prompt is too long") as refused:
            gpt.chat.completions.create(model="tiny", messages=SAY_HI)

        assert refused.value.code == "context_length_exceeded"

    def test_an_error_in_the_middle(self, gpt: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        busy = {"type": "overloaded_error", "message": "Busy."}
        scripted.will_stream(START, event("error", error=busy))

        with pytest.raises(openai.APIError, match="Busy"):
            list(gpt.chat.completions.create(model="tiny", messages=SAY_HI, stream=True))


class TestClientsOfResponses:
    """They are translated twice, by way of chat completions."""

    def test_a_plain_reply(self, gpt: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(MESSAGE)

        response = gpt.responses.create(model="tiny", input="hi", max_output_tokens=20)

        assert response.output_text == "I look."
        assert response.usage is not None
        assert (response.usage.input_tokens, response.usage.output_tokens) == (23, 5)
        assert scripted.seen[0].path == "/v1/messages"
        assert scripted.seen[0].body["max_tokens"] == 20

    def test_a_stream(self, gpt: openai.OpenAI, scripted: ScriptedUpstream, house: House) -> None:
        scripted.will_stream(*MESSAGE_EVENTS)

        with gpt.responses.stream(model="tiny", input="hi") as stream:
            stream.until_done()
            response = stream.get_final_response()

        assert response.output_text == "I look."
        assert [each.type for each in response.output].count("function_call") == 2
        assert house.wait_for_usage(1)[0].completion_tokens == 9


class TestClientsOfMessages:
    """They are passed through, byte for byte."""

    def test_a_plain_reply(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_answer(MESSAGE, request_id="req_theirs")

        answer = claude.beta.messages.with_raw_response.create(
            model="tiny", max_tokens=9, messages=SAY_HI, betas=["new-2026-01-01"]
        )

        assert answer.parse().to_dict()["content"] == MESSAGE["content"]
        assert answer.headers["x-upstream-request-id"] == "req_theirs"
        assert answer.headers["request-id"] == answer.headers["x-request-id"]
        seen = scripted.seen[0]
        assert (seen.path, seen.body["model"]) == ("/v1/messages", "claude")
        assert seen.header("anthropic-beta") == "new-2026-01-01"
        assert seen.header("x-api-key") == "sk-theirs"
        record = house.wait_for_usage(1)[0]
        assert (record.prompt_tokens, record.completion_tokens) == (23, 5)

    def test_a_stream(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_stream(*MESSAGE_EVENTS)

        with claude.messages.stream(model="tiny", max_tokens=9, messages=SAY_HI) as stream:
            message = stream.get_final_message()

        assert [block.type for block in message.content] == [
            "thinking",
            "text",
            "tool_use",
            "tool_use",
        ]
        record = house.wait_for_usage(1)[0]
        assert (record.prompt_tokens, record.completion_tokens) == (23, 9)

    def test_limits_are_told_as_they_are_here(
        self, claude: anthropic.Anthropic, served: Served, scripted: ScriptedUpstream, house: House
    ) -> None:
        limits = snapshot.Limits(requests_per_minute=9)
        house.keys[0] = msgspec.structs.replace(house.keys[0], limits=limits)
        wait_until_known(served, house.publish())
        scripted.will_answer(MESSAGE, anthropic_ratelimit_requests_limit="4000")

        answer = claude.messages.with_raw_response.create(
            model="tiny", max_tokens=9, messages=SAY_HI
        )

        assert answer.headers.get_list("anthropic-ratelimit-requests-limit") == ["9"]

    def test_tokens_are_counted_by_the_upstream(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer({"input_tokens": 14})

        counted = claude.messages.count_tokens(model="tiny", messages=SAY_HI)

        assert counted.input_tokens == 14
        assert scripted.seen[0].path == "/v1/messages/count_tokens"

    def test_what_the_upstream_refuses(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(TOO_LONG, status=400)

        with pytest.raises(anthropic.BadRequestError) as refused:
            claude.messages.create(model="tiny", max_tokens=9, messages=SAY_HI)

        assert refused.value.body == TOO_LONG


class TestFallback:
    def test_a_prompt_that_is_too_long_goes_where_there_is_room(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", scripted.url, speaks=["messages"])
        house.serve("large", scripted.url, speaks=["chat"])
        step = snapshot.FallbackEntry(on=["context"], to="large")
        house.routes[0] = msgspec.structs.replace(house.routes[0], fallbacks=[step])
        gateway = start_gateway()
        scripted.will_answer(TOO_LONG, status=400)
        scripted.will_answer(completion(content="Hello."))

        with openai.OpenAI(base_url=gateway.url, api_key=SECRET, max_retries=0) as client:
            reply = client.chat.completions.create(model="tiny", messages=SAY_HI)

        assert reply.choices[0].message.content == "Hello."
        assert [seen.path for seen in scripted.seen] == ["/v1/messages", "/v1/chat/completions"]
