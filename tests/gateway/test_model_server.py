"""The gateway before the model server that ships with Hearth."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.gateway.engine import SERVER_KEY, deploy
from tests.gateway.harness import SECRET, House, Served
from tests.waiting import eventually, once_quick

MESSAGES: list[Any] = [{"role": "user", "content": "reboot db-07"}]


@pytest.fixture
def opsling(
    model_server: str, house: House, start_gateway: Callable[..., Served]
) -> Iterator[openai.OpenAI]:
    deploy(house, model_server)
    gateway = start_gateway()
    with openai.OpenAI(base_url=gateway.url, api_key=SECRET, max_retries=0, timeout=30) as client:
        yield client


class TestTheBundledModel:
    def test_no_request_fails_though_it_closes_after_every_stream(
        self, opsling: openai.OpenAI, house: House
    ) -> None:
        for number in range(30):
            stream = opsling.chat.completions.create(
                model="opsling", messages=MESSAGES, stream=True, max_tokens=4
            )
            assert [chunk for chunk in stream if chunk.choices]
            if number % 3 == 0:
                plain = opsling.chat.completions.create(
                    model="opsling", messages=MESSAGES, max_tokens=4
                )
                assert plain.choices[0].message.content

        records = house.wait_for_usage(40)
        assert {(record.status, record.error) for record in records} == {(200, "")}

    def test_usage_is_what_the_server_says(self, opsling: openai.OpenAI, house: House) -> None:
        reply = opsling.chat.completions.create(model="opsling", messages=MESSAGES, max_tokens=6)
        stream = opsling.chat.completions.create(
            model="opsling", messages=MESSAGES, max_tokens=6, stream=True, temperature=0
        )
        assert all(chunk.usage is None for chunk in stream)

        plain, streamed = house.wait_for_usage(2)
        assert reply.usage is not None
        assert plain.prompt_tokens == reply.usage.prompt_tokens == streamed.prompt_tokens
        assert plain.completion_tokens == reply.usage.completion_tokens
        assert 0 < streamed.completion_tokens <= 6
        assert not streamed.estimated

    def test_a_client_that_leaves_frees_its_slot(
        self, opsling: openai.OpenAI, model_server: str, house: House
    ) -> None:
        def leave() -> float:
            stream = opsling.chat.completions.create(
                model="opsling",
                messages=MESSAGES,
                stream=True,
                max_tokens=900,
                extra_body={"ignore_eos": True},
            )
            next(iter(stream))
            assert busy_slots(model_server) == 1
            stream.close()
            left_at = time.monotonic()
            eventually(lambda: busy_slots(model_server) == 0, every=0.005)
            return time.monotonic() - left_at

        once_quick(leave, under=0.5)
        assert house.wait_for_usage(1)[0].error == "client_left"

    def test_what_it_refuses_is_passed_on(self, opsling: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError):
            opsling.chat.completions.create(
                model="opsling",
                messages=[{"role": "user", "content": "word " * 5000}],
            )


def busy_slots(model_server: str) -> int:
    slots = httpx.get(
        f"{model_server}/slots", headers={"authorization": f"Bearer {SERVER_KEY}"}
    ).json()
    return sum(slot["is_processing"] for slot in slots)
