"""OpenAI's own client of the Responses API before an upstream that knows chat completions alone."""

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pydantic
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, Served, strict_openai
from tests.gateway.replies import DONE, USAGE, call, chunk, completion, data
from tests.gateway.scripted_upstream import ScriptedUpstream

ASK: Any = {"model": "tiny", "input": "hi"}
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Forecast(pydantic.BaseModel):
    city: str
    degrees: int


@pytest.fixture
def client(over_chat: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(over_chat) as client:
        yield client


class TestPlain:
    def test_text(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(completion(content="Hello."))

        response = client.responses.create(
            **ASK, instructions="Be brief.", max_output_tokens=50, metadata={"a": "b"}
        )

        assert response.output_text == "Hello."
        assert (response.model, response.status, response.store) == ("tiny", "completed", False)
        assert (response.instructions, response.metadata) == ("Be brief.", {"a": "b"})
        assert response.error is response.incomplete_details is None
        assert scripted.seen[0].path == "/v1/chat/completions"
        assert scripted.seen[0].body == {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
            ],
            "max_tokens": 50,
        }

    def test_usage_is_told_and_counted(
        self, client: openai.OpenAI, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_answer(completion(content="Hello."))
        scripted.will_stream(chunk(content="Hello."), chunk("stop"), USAGE, DONE)

        usage = client.responses.create(**ASK).usage
        with client.responses.stream(**ASK) as stream:
            streamed = stream.get_final_response().usage

        assert usage is not None
        assert streamed is not None
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (20, 5, 25)
        assert usage.input_tokens_details.cached_tokens == 12
        assert usage.output_tokens_details.reasoning_tokens == 3
        assert streamed.total_tokens == 25
        for record in house.wait_for_usage(2):
            assert (record.prompt_tokens, record.completion_tokens) == (20, 5)
            assert (record.endpoint, record.estimated) == ("responses", False)

    def test_a_tool_from_call_to_answer(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        asked = call(None, '{"city": "Ulm"}', id="call_1", function={"name": "weather"})
        scripted.will_answer(
            completion(content=None, tool_calls=[asked], finish_reason="tool_calls")
        )
        scripted.will_answer(completion(content="Snow."))
        question: Any = [{"role": "user", "content": "And in Ulm?"}]

        first = client.responses.create(model="tiny", input=question, tools=[WEATHER])
        (wanted,) = first.output
        assert wanted.type == "function_call"
        result = {"type": "function_call_output", "call_id": wanted.call_id, "output": "snow"}
        given: Any = [*question, wanted.to_dict(), result]
        second = client.responses.create(
            model="tiny",
            input=given,
            tools=[WEATHER],
            tool_choice={"type": "function", "name": "weather"},
        )

        assert (wanted.name, wanted.arguments) == ("weather", '{"city": "Ulm"}')
        assert second.output_text == "Snow."
        seen = scripted.seen[1].body
        assert seen["messages"][1:] == [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Ulm"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "snow"},
        ]
        assert seen["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
        assert seen["tools"][0]["function"]["parameters"] == WEATHER["parameters"]

    def test_structured_output(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(completion(content='{"city": "Ulm", "degrees": -2}'))

        response = client.responses.parse(**ASK, text_format=Forecast)

        assert response.output_parsed == Forecast(city="Ulm", degrees=-2)
        form = scripted.seen[0].body["response_format"]["json_schema"]
        assert (form["name"], form["strict"]) == ("Forecast", True)
        assert set(form["schema"]["properties"]) == {"city", "degrees"}

    def test_a_picture(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(completion(content="A dot."))
        parts: Any = [
            {"type": "input_text", "text": "What is it?"},
            {"type": "input_image", "image_url": PIXEL, "detail": "low"},
        ]

        client.responses.create(model="tiny", input=[{"role": "user", "content": parts}])

        assert scripted.seen[0].body["messages"] == [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
                ],
            }
        ]

    def test_thoughts_are_an_item_that_can_be_sent_back(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(completion(content="Yes.", reasoning_content="Hm."))
        scripted.will_answer(completion(content="No."))

        first = client.responses.create(**ASK, reasoning={"effort": "low"})
        again: Any = [
            {"role": "user", "content": "hi"},
            *(item.to_dict() for item in first.output),
            {"role": "user", "content": "Sure?"},
        ]
        client.responses.create(model="tiny", input=again)

        thought = first.output[0]
        assert thought.type == "reasoning"
        assert thought.content is not None
        assert thought.content[0].text == "Hm."
        assert scripted.seen[0].body["reasoning_effort"] == "low"
        assert scripted.seen[1].body["messages"][1] == {
            "role": "assistant",
            "content": "Yes.",
            "reasoning_content": "Hm.",
        }

    def test_an_answer_cut_short_says_so(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(completion(content="Hel", finish_reason="length"))

        response = client.responses.create(**ASK)

        assert response.status == "incomplete"
        assert response.incomplete_details is not None
        assert response.incomplete_details.reason == "max_output_tokens"

    def test_log_probabilities(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        token = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}
        scripted.will_answer(completion(content="Hi", choice={"logprobs": {"content": [token]}}))

        response = client.responses.create(
            **ASK, include=["message.output_text.logprobs"], top_logprobs=2
        )

        assert response.output[0].to_dict()["content"][0]["logprobs"] == [token]
        assert scripted.seen[0].body["top_logprobs"] == 2


class TestStreams:
    def test_the_client_puts_it_together_again(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(
            chunk(role="assistant", content=None),
            chunk(reasoning_content="Hm"),
            chunk(reasoning_content="."),
            chunk(content="I "),
            chunk(content="look."),
            chunk(tool_calls=[call(0, "", id="call_1", function={"name": "weather"})]),
            chunk(tool_calls=[call(0, '{"city":')]),
            chunk(tool_calls=[call(1, "{", id="call_2", function={"name": "time"})]),
            chunk(tool_calls=[call(0, ' "Ulm"}')]),
            chunk(tool_calls=[call(1, "}")]),
            chunk("tool_calls"),
            USAGE,
            DONE,
        )

        with client.responses.stream(**ASK, tools=[WEATHER]) as stream:
            events = list(stream)
            response = stream.get_final_response()

        assert [event.sequence_number for event in events] == list(range(len(events)))
        kinds = [item.type for item in response.output]
        assert kinds == ["reasoning", "message", "function_call", "function_call"]
        assert response.output_text == "I look."
        calls = [item for item in response.output if item.type == "function_call"]
        assert [(each.call_id, each.name, each.arguments) for each in calls] == [
            ("call_1", "weather", '{"city": "Ulm"}'),
            ("call_2", "time", "{}"),
        ]
        assert response.status == "completed"

    def test_a_structured_answer(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(
            chunk(content='{"city": "Ulm", '), chunk(content='"degrees": 3}'), chunk("stop"), DONE
        )

        with client.responses.stream(**ASK, text_format=Forecast) as stream:
            response = stream.get_final_response()

        assert response.output_parsed == Forecast(city="Ulm", degrees=3)

    def test_cut_short(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(chunk(content="Hel"), chunk("length"), DONE)

        events = list(client.responses.create(**ASK, stream=True))

        assert events[-1].type == "response.incomplete"
        assert events[-1].response.output[0].status == "incomplete"

    def test_a_refusal(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(chunk(refusal="No"), chunk(refusal="."), chunk("stop"), DONE)

        events = list(client.responses.create(**ASK, stream=True))

        assert "response.refusal.done" in [event.type for event in events]
        last = events[-1]
        assert last.type == "response.completed"
        assert last.response.output[0].to_dict()["content"] == [
            {"type": "refusal", "refusal": "No."}
        ]

    async def test_the_async_client(self, over_chat: Served, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(chunk(content="Hi"), chunk("stop"), DONE)
        async with openai.AsyncOpenAI(
            base_url=over_chat.url,
            api_key=SECRET,
            max_retries=0,
            _strict_response_validation=True,
        ) as client:
            stream = await client.responses.create(**ASK, stream=True)
            types = [event.type async for event in stream]

        assert types == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]


class TestStreamsThatBreak:
    def broken(self, client: openai.OpenAI) -> list[Any]:
        return list(client.responses.create(**ASK, stream=True))

    def test_an_error_of_the_upstream_in_the_middle(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(chunk(content="Hel"), data({"error": {"message": "out of memory"}}))

        events = self.broken(client)

        assert [event.type for event in events[-2:]] == ["error", "response.failed"]
        assert events[-2].message == "out of memory"
        assert events[-1].response.error.message == "out of memory"

    def test_an_end_without_a_last_word(
        self, client: openai.OpenAI, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_stream(chunk(content="Hel"))

        events = self.broken(client)

        assert events[-1].type == "response.failed"
        assert "before the reply was complete" in events[-2].message
        assert house.wait_for_usage(1)[0].error == "upstream_broke"

    def test_a_connection_that_is_cut(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url, speaks=["chat"])
        with strict_openai(start_gateway()) as client:
            events = list(client.responses.create(**ASK, stream=True, extra_body={"user": "break"}))

        assert [event.type for event in events[-2:]] == ["error", "response.failed"]
        assert any(event.type == "response.output_text.delta" for event in events)
