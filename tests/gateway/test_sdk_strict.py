"""The official client, strict about every field, before the model server that ships with Hearth."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pydantic
import pytest

from tests.gateway.engine import deploy, running_engine
from tests.gateway.harness import SECRET, House, Served, strict_openai
from tests.gateway.replies import DONE, call, chunk, completion
from tests.gateway.scripted_upstream import ScriptedUpstream

ASK: Any = {
    "model": "opsling",
    "messages": [{"role": "user", "content": "reboot db-07"}],
    "temperature": 0,
}
REBOOT: Any = {
    "type": "function",
    "function": {
        "name": "reboot",
        "description": "Start a node anew.",
        "parameters": {
            "type": "object",
            "properties": {"node": {"type": "string"}},
            "required": ["node"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Call(pydantic.BaseModel):
    tool: str = pydantic.Field(max_length=12)


@pytest.fixture
def gateway(model_server: str, house: House, start_gateway: Callable[..., Served]) -> Served:
    deploy(house, model_server)
    return start_gateway()


@pytest.fixture
def client(gateway: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(gateway) as client:
        yield client


@pytest.fixture
def scripted_client(
    house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
) -> Iterator[openai.OpenAI]:
    house.serve("opsling", scripted.url)
    with strict_openai(start_gateway()) as client:
        yield client


class TestChat:
    def test_plain(self, client: openai.OpenAI) -> None:
        reply = client.chat.completions.create(**ASK, max_tokens=40, n=2)

        assert [choice.index for choice in reply.choices] == [0, 1]
        assert "db-07" in (reply.choices[0].message.content or "")

    def test_stream(self, client: openai.OpenAI) -> None:
        with client.chat.completions.stream(
            **ASK, max_tokens=40, stream_options={"include_usage": True}
        ) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        plain = client.chat.completions.create(**ASK, max_tokens=40)

        assert final.choices[0].message.content == plain.choices[0].message.content
        assert final.usage is not None
        assert plain.usage is not None
        assert final.usage.completion_tokens == plain.usage.completion_tokens

    def test_log_probabilities(self, client: openai.OpenAI) -> None:
        reply = client.chat.completions.create(**ASK, max_tokens=3, logprobs=True, top_logprobs=2)

        logprobs = reply.choices[0].logprobs
        assert logprobs is not None
        assert logprobs.content is not None
        assert [len(token.top_logprobs) for token in logprobs.content] == [2, 2, 2]

    def test_structured_output(self, client: openai.OpenAI) -> None:
        reply = client.chat.completions.parse(**ASK, max_tokens=60, response_format=Call)

        assert isinstance(reply.choices[0].message.parsed, Call)

    def test_tools_are_taken(self, client: openai.OpenAI) -> None:
        """The model is too small to call one; the request and its answer are well-formed."""
        reply = client.chat.completions.create(**ASK, max_tokens=40, tools=[REBOOT])

        assert reply.choices[0].finish_reason in ("stop", "tool_calls")

    def test_a_picture_it_cannot_see(self, client: openai.OpenAI) -> None:
        parts: Any = [{"type": "image_url", "image_url": {"url": PIXEL}}]

        with pytest.raises(openai.BadRequestError, match="not supported"):
            client.chat.completions.create(
                model="opsling", messages=[{"role": "user", "content": parts}]
            )

    async def test_many_at_once(self, gateway: Served) -> None:
        async with openai.AsyncOpenAI(
            base_url=gateway.url,
            api_key=SECRET,
            max_retries=0,
            timeout=60,
            _strict_response_validation=True,
        ) as client:

            async def streamed() -> str:
                stream = await client.chat.completions.create(**ASK, max_tokens=40, stream=True)
                return "".join([c.choices[0].delta.content or "" async for c in stream])

            async def plain() -> str:
                reply = await client.chat.completions.create(**ASK, max_tokens=40)
                return reply.choices[0].message.content or ""

            said = await asyncio.gather(*(make() for make in (streamed, plain) * 5))

        assert len(set(said)) == 1


class TestToolsAndPictures:
    """What the bundled model is too small for, from a server that says what it is told."""

    def test_a_tool_is_called(
        self, scripted_client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        wanted = call(None, '{"node": "db-07"}', id="call_1", type="function")
        wanted["function"]["name"] = "reboot"
        del wanted["index"]
        scripted.will_answer(
            completion(content=None, tool_calls=[wanted], finish_reason="tool_calls")
        )

        reply = scripted_client.chat.completions.create(**ASK, tools=[REBOOT])

        (called,) = reply.choices[0].message.tool_calls or []
        assert called.to_dict()["function"] == {"name": "reboot", "arguments": '{"node": "db-07"}'}

    def test_a_tool_is_called_in_a_stream(
        self, scripted_client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        envelope = {"object": "chat.completion.chunk", "created": 1, "model": "opsling"}
        events = [
            chunk(tool_calls=[call(0, "", id="call_1", type="function", function={"name": "x"})]),
            chunk(tool_calls=[call(0, '{"node":')]),
            chunk(tool_calls=[call(0, ' "db-07"}')]),
            chunk("tool_calls"),
        ]
        more = b"," + str(envelope)[1:-1].replace("'", '"').encode() + b"}\n\n"
        scripted.will_stream(*(event.removesuffix(b"}\n\n") + more for event in events), DONE)

        with scripted_client.chat.completions.stream(**ASK, tools=[REBOOT]) as stream:
            final = stream.get_final_completion()

        (called,) = final.choices[0].message.tool_calls or []
        assert called.function.arguments == '{"node": "db-07"}'

    def test_a_picture_is_shown(
        self, scripted_client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(completion(content="A dot."))
        parts: Any = [{"type": "image_url", "image_url": {"url": PIXEL}}]

        reply = scripted_client.chat.completions.create(
            model="opsling", messages=[{"role": "user", "content": parts}]
        )

        assert reply.choices[0].message.content == "A dot."
        assert scripted.seen[0].body["messages"][0]["content"] == parts


class TestCompletions:
    def test_plain(self, client: openai.OpenAI) -> None:
        reply = client.completions.create(model="opsling", prompt="Hearth is", max_tokens=5)

        assert reply.choices[0].finish_reason == "length"

    def test_stream(self, gateway: Served) -> None:
        """Not strict: OpenAI's own servers send the `finish_reason: null` its types forbid."""
        with openai.OpenAI(base_url=gateway.url, api_key=SECRET, max_retries=0) as client:
            chunks = list(
                client.completions.create(
                    model="opsling", prompt="Hearth is", max_tokens=5, stream=True
                )
            )

        assert "".join(chunk.choices[0].text for chunk in chunks)
        assert chunks[-1].choices[0].finish_reason == "length"


class TestResponses:
    def test_plain_and_streamed_say_the_same(self, client: openai.OpenAI) -> None:
        ask: Any = {"model": "opsling", "input": "reboot db-07", "temperature": 0}

        plain = client.responses.create(**ask, instructions=None)
        with client.responses.stream(**ask) as stream:
            streamed = stream.get_final_response()

        assert plain.output_text == streamed.output_text
        assert plain.usage is not None
        assert streamed.usage is not None
        assert plain.usage.output_tokens == streamed.usage.output_tokens

    def test_structured_output(self, client: openai.OpenAI) -> None:
        response = client.responses.parse(
            model="opsling",
            input="reboot db-07",
            temperature=0,
            max_output_tokens=60,
            text_format=Call,
        )

        assert isinstance(response.output_parsed, Call)

    def test_a_conversation_sent_whole(self, client: openai.OpenAI) -> None:
        first = client.responses.create(model="opsling", input="reboot db-07")
        said: Any = [item.to_dict() for item in first.output]

        again = client.responses.create(
            model="opsling",
            input=[
                {"role": "user", "content": "reboot db-07"},
                *said,
                {"role": "user", "content": "Hello"},
            ],
        )

        assert again.output_text


class TestEmbeddings:
    def test_numbers_and_base64_are_the_same(
        self, tmp_path: Path, house: House, start_gateway: Callable[..., Served]
    ) -> None:
        """Base64, which the client asks for by itself, is not in its types: no strictness there."""
        ask: Any = {"model": "embedder", "input": ["one", "two"]}
        with running_engine(tmp_path, embedding=True) as address:
            deploy(house, address, "embedder")
            gateway = start_gateway()
            with (
                openai.OpenAI(base_url=gateway.url, api_key=SECRET, max_retries=0) as packing,
                strict_openai(gateway) as strict,
            ):
                packed = packing.embeddings.create(**ask)
                plain = strict.embeddings.create(**ask, encoding_format="float")

        assert len(packed.data) == len(plain.data) == 2
        for one, other in zip(packed.data, plain.data, strict=True):
            assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        records = house.wait_for_usage(2)
        assert all(record.prompt_tokens > 0 for record in records)
        assert {record.endpoint for record in records} == {"embeddings"}
