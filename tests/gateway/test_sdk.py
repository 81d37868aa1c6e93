"""The official client, as people use it."""

import openai
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, Served, wait_until_known

MESSAGES: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]


class TestPlainRequests:
    def test_chat_completion(self, client: openai.OpenAI) -> None:
        reply = client.chat.completions.create(model="tiny", messages=MESSAGES)

        assert reply.choices[0].message.content == "one two three"
        assert reply.usage is not None
        assert reply.usage.total_tokens == 10

    def test_completion(self, client: openai.OpenAI) -> None:
        reply = client.completions.create(model="tiny", prompt="hi")

        assert reply.choices[0].text == "one two three"

    def test_embeddings(self, client: openai.OpenAI) -> None:
        reply = client.embeddings.create(model="tiny", input="hi", encoding_format="float")

        assert reply.data[0].embedding == [0.1, 0.2]

    def test_models(self, client: openai.OpenAI) -> None:
        assert [model.id for model in client.models.list()] == ["tiny"]
        assert client.models.retrieve("tiny").id == "tiny"


class TestStreams:
    def test_every_chunk_arrives_in_order(self, client: openai.OpenAI) -> None:
        stream = client.chat.completions.create(
            model="tiny", messages=MESSAGES, stream=True, max_tokens=20
        )

        text = [chunk.choices[0].delta.content for chunk in stream]

        assert text == [f"{n} xxxx" for n in range(20)] + [None]

    def test_usage_comes_when_asked_for(self, client: openai.OpenAI) -> None:
        stream = client.chat.completions.create(
            model="tiny", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )

        last = list(stream)[-1]

        assert last.choices == []
        assert last.usage is not None
        assert last.usage.completion_tokens == 5

    def test_usage_is_counted_but_withheld_when_not_asked_for(
        self, client: openai.OpenAI, upstream: FaultyUpstream, house: House
    ) -> None:
        stream = client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)

        assert all(chunk.usage is None and chunk.choices for chunk in stream)
        assert upstream.seen[-1].body["stream_options"] == {"include_usage": True}
        record = house.wait_for_usage(1)[0]
        assert (record.prompt_tokens, record.completion_tokens) == (7, 5)
        assert not record.estimated

    async def test_async_client(self, gateway: Served) -> None:
        async with openai.AsyncOpenAI(
            base_url=gateway.url, api_key=SECRET, max_retries=0
        ) as client:
            stream = await client.chat.completions.create(
                model="tiny", messages=MESSAGES, stream=True
            )
            text = [chunk.choices[0].delta.content async for chunk in stream]

        assert text[:2] == ["0 xxxx", "1 xxxx"]


class TestRefusals:
    def test_an_unknown_key(self, gateway: Served) -> None:
        with (
            openai.OpenAI(base_url=gateway.url, api_key="hk_live_nobody") as stranger,
            pytest.raises(openai.AuthenticationError, match="hk_live_nobo… is not known"),
        ):
            stranger.models.list()

    def test_an_unknown_model(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="no model called 'huge'"):
            client.chat.completions.create(model="huge", messages=MESSAGES)

    def test_a_model_outside_the_allow_list(
        self, client: openai.OpenAI, house: House, upstream: FaultyUpstream, gateway: Served
    ) -> None:
        house.keys[0] = type(house.keys[0])(
            id=1, team_id=1, digest=house.keys[0].digest, models=["other"]
        )
        wait_until_known(gateway, house.publish())

        with pytest.raises(openai.PermissionDeniedError, match="may not use 'tiny'"):
            client.chat.completions.create(model="tiny", messages=MESSAGES)
        assert list(client.models.list()) == []
        assert upstream.seen == []
