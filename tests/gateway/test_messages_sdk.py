"""Anthropic's official client before an upstream that knows chat completions alone."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import anthropic
import httpx
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, Served, strict_anthropic
from tests.gateway.replies import DONE, USAGE, call, chunk, completion, data
from tests.gateway.scripted_upstream import ScriptedUpstream

ASK: Any = {"model": "tiny", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
WEATHER: Any = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture
def served(
    house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
) -> Served:
    house.serve("tiny", scripted.url, speaks=["chat"])
    return start_gateway()


@pytest.fixture
def claude(served: Served) -> Iterator[anthropic.Anthropic]:
    with strict_anthropic(served) as client:
        yield client


class TestPlain:
    def test_text(self, claude: anthropic.Anthropic, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(completion(content="Hello."))

        message = claude.messages.create(**ASK, system="Be brief.", stop_sequences=["END"])

        assert message.content[0].to_dict() == {"type": "text", "text": "Hello."}
        assert (message.model, message.stop_reason) == ("tiny", "end_turn")
        assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (8, 12)
        assert message._request_id
        seen = scripted.seen[0]
        assert seen.path == "/v1/chat/completions"
        assert seen.header("x-api-key") is None
        assert seen.body["stop"] == ["END"]

    def test_usage_is_counted(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_answer(completion(content="Hello."))
        scripted.will_stream(chunk(content="Hello."), chunk("stop"), USAGE, DONE)

        claude.messages.create(**ASK)
        with claude.messages.stream(**ASK) as stream:
            stream.until_done()

        for record in house.wait_for_usage(2):
            assert (record.prompt_tokens, record.completion_tokens) == (20, 5)
            assert (record.cached_tokens, record.estimated) == (12, False)
            assert record.endpoint == "messages"

    def test_a_tool_from_call_to_answer(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        function = {"name": "weather", "arguments": '{"city": "Ulm"}'}
        calls = [{"id": "call_1", "type": "function", "function": function}]
        scripted.will_answer(completion(tool_calls=calls, finish_reason="tool_calls"))
        scripted.will_answer(completion(content="21 °C in Ulm."))

        asked = claude.messages.create(
            **ASK, tools=[WEATHER], tool_choice={"type": "tool", "name": "weather"}
        )
        (used,) = asked.content
        assert isinstance(used, anthropic.types.ToolUseBlock)
        result: Any = {"type": "tool_result", "tool_use_id": used.id, "content": "21 °C"}
        answered = claude.messages.create(
            model="tiny",
            max_tokens=9,
            tools=[WEATHER],
            messages=[
                *ASK["messages"],
                asked.to_param(),
                {"role": "user", "content": [result]},
            ],
        )

        assert (asked.stop_reason, used.input) == ("tool_use", {"city": "Ulm"})
        assert answered.content[0].type == "text"
        forced, told = (seen.body for seen in scripted.seen)
        assert forced["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
        assert told["messages"][1]["tool_calls"][0]["id"] == "call_1"
        assert told["messages"][2] == {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": "21 °C",
        }

    def test_a_picture(self, claude: anthropic.Anthropic, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(completion(content="A cat."))
        source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
        content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]

        claude.messages.create(**{**ASK, "messages": [{"role": "user", "content": content}]})

        sent = scripted.seen[0].body["messages"][0]["content"][0]
        assert sent["image_url"]["url"] == "data:image/png;base64,aGk="

    def test_an_answer_by_a_schema(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(completion(content='{"n": 3}'))
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
        config: Any = {"format": {"type": "json_schema", "schema": schema}}

        message = claude.messages.create(**ASK, output_config=config)

        assert message.content[0].to_dict()["text"] == '{"n": 3}'
        assert scripted.seen[0].body["response_format"]["json_schema"]["schema"] == schema


STREAM = (
    chunk(role="assistant", content=None),
    chunk(reasoning_content="Hm."),
    chunk(content="I "),
    chunk(content="look."),
    chunk(tool_calls=[call(0, "", id="call_1", function={"name": "weather"})]),
    chunk(tool_calls=[call(0, '{"city": ')]),
    chunk(tool_calls=[call(0, '"Ulm"}')]),
    chunk("tool_calls"),
    USAGE,
    DONE,
)


class TestStreams:
    def test_the_message_it_adds_up_to(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(*STREAM)

        with claude.messages.stream(**ASK, tools=[WEATHER]) as stream:
            said = list(stream.text_stream)
            message = stream.get_final_message()

        assert said == ["I ", "look."]
        assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
        assert message.content[2].to_dict()["input"] == {"city": "Ulm"}
        assert message.stop_reason == "tool_use"
        assert (message.usage.input_tokens, message.usage.output_tokens) == (8, 5)

    def test_its_events(self, claude: anthropic.Anthropic, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(*STREAM)

        kinds = [event.type for event in claude.messages.create(**ASK, stream=True)]

        assert kinds[0] == "message_start"
        assert kinds[-2:] == ["message_delta", "message_stop"]
        assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 3

    async def test_the_async_client(self, served: Served, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(*STREAM)
        scripted.will_answer(completion(content="Hello."))

        async with anthropic.AsyncAnthropic(
            base_url=served.url.removesuffix("/v1"),
            auth_token=SECRET,
            max_retries=0,
            _strict_response_validation=True,
        ) as client:
            async with client.messages.stream(**ASK) as stream:
                said = [text async for text in stream.text_stream]
            plain = await client.messages.create(**ASK)

        assert said == ["I ", "look."]
        assert plain.stop_reason == "end_turn"

    def test_an_error_in_the_middle(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(chunk(content="I "), data({"error": {"message": "Out of memory."}}))

        with (
            pytest.raises(anthropic.APIStatusError, match="Out of memory"),
            claude.messages.stream(**ASK) as stream,
        ):
            stream.until_done()

    def test_an_end_that_comes_too_early(
        self, claude: anthropic.Anthropic, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_stream(chunk(content="I "))
        stream = claude.messages.create(**ASK, stream=True)
        before = [event.type for event in islice(stream, 3)]

        with pytest.raises(anthropic.APIStatusError, match="broke off"):
            next(stream)

        assert before == ["message_start", "content_block_start", "content_block_delta"]
        assert house.wait_for_usage(1)[0].error == "upstream_broke"


class TestErrors:
    def test_an_upstream_that_breaks_off(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url, speaks=["chat"])
        gateway = start_gateway()
        body = {**ASK, "stream": True, "metadata": {"user_id": "break"}}

        said = httpx.post(
            f"{gateway.url}/messages", json=body, headers={"x-api-key": SECRET}
        ).text.split("\n\n")

        assert said[-2].startswith("event: error\ndata: ")
        error = json.loads(said[-2].partition("data: ")[2])
        assert error["error"]["type"] == "api_error"
        assert "message_stop" not in said

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, anthropic.BadRequestError),
            (429, anthropic.RateLimitError),
            (500, anthropic.InternalServerError),
        ],
    )
    def test_what_the_upstream_refuses(
        self,
        claude: anthropic.Anthropic,
        scripted: ScriptedUpstream,
        status: int,
        kind: type[anthropic.APIStatusError],
    ) -> None:
        scripted.will_answer({"error": {"message": "Not so.", "code": 1}}, status=status)

        with pytest.raises(kind) as refused:
            claude.messages.create(**ASK)

        assert error_of(refused.value)["message"] == "Not so."

    def test_what_the_gateway_refuses(self, claude: anthropic.Anthropic, served: Served) -> None:
        with pytest.raises(anthropic.NotFoundError) as unknown:
            claude.messages.create(**{**ASK, "model": "huge"})
        with pytest.raises(anthropic.BadRequestError) as wrong:
            claude.messages.create(**{**ASK, "messages": []})
        stranger = claude.with_options(api_key="hk_live_nobody")
        with pytest.raises(anthropic.AuthenticationError) as foreign:
            stranger.messages.create(**ASK)

        assert error_of(unknown.value)["type"] == "not_found_error"
        assert "no model called 'huge'" in error_of(unknown.value)["message"]
        assert error_of(wrong.value)["type"] == "invalid_request_error"
        assert "`messages`" in error_of(wrong.value)["message"]
        assert error_of(foreign.value)["type"] == "authentication_error"
        for refused in (unknown, wrong, foreign):
            assert refused.value.request_id == refused.value.body["request_id"]  # type: ignore[index]


def error_of(refused: anthropic.APIStatusError) -> dict[str, str]:
    """The error in Anthropic's own shape."""
    body: Any = refused.body
    assert body["type"] == "error"
    error: dict[str, str] = body["error"]
    return error


class TestTheRest:
    def test_models(self, claude: anthropic.Anthropic) -> None:
        (model,) = claude.models.list()
        assert (model.id, model.type, model.lifecycle) == ("tiny", "model", "active")
        assert claude.models.retrieve("tiny").display_name == "tiny"

    def test_counting_tokens(self, claude: anthropic.Anthropic, house: House) -> None:
        answer = claude.messages.with_raw_response.count_tokens(
            model="tiny", messages=[{"role": "user", "content": "word " * 100}], tools=[WEATHER]
        )

        assert 100 < answer.parse().input_tokens < 250
        assert answer.headers["x-tokens-estimated"] == "true"
        record = house.wait_for_usage(1)[0]
        assert (record.status, record.prompt_tokens, record.completion_tokens) == (200, 0, 0)

    def test_counting_tokens_where_there_is_no_such_path(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", scripted.url)
        gateway = start_gateway()
        scripted.will_answer({"detail": "Not Found"}, status=404)

        answer = httpx.post(
            f"{gateway.url}/messages/count_tokens",
            json={"model": "tiny", "messages": ASK["messages"]},
            headers={"x-api-key": SECRET},
        )

        assert answer.json()["input_tokens"] < 20
        assert answer.headers["x-tokens-estimated"] == "true"
