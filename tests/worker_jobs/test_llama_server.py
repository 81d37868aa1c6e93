"""What the gateway relies on from the model server of a replica."""

import dataclasses
import json
import threading
from collections.abc import Callable

import httpx
import pytest

from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.replica import KEY, becomes
from worker_jobs.runtimes import local
from worker_jobs.runtimes.probe import ask, is_busy
from worker_jobs.runtimes.protocol import ReplicaSpec


class TestChat:
    @pytest.fixture
    def url(self, spec: ReplicaSpec, stage: Stage) -> str:
        local.start(spec)
        return becomes("running").url

    @pytest.fixture
    def chat(self, url: str) -> Callable[..., httpx.Response]:
        def ask_it(**body: object) -> httpx.Response:
            return httpx.post(
                f"{url}/v1/chat/completions",
                json={"messages": [{"role": "user", "content": "reboot db-07"}], **body},
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=30,
                trust_env=False,
            )

        return ask_it

    def test_it_answers_to_the_name_of_its_deployment(
        self, url: str, chat: Callable[..., httpx.Response]
    ) -> None:
        assert chat(max_tokens=4).json()["model"] == "ops"

    def test_it_streams(self, chat: Callable[..., httpx.Response]) -> None:
        text = chat(max_tokens=8, stream=True, stream_options={"include_usage": True}).text
        assert text.count("data: ") > 3
        assert text.rstrip().endswith("data: [DONE]")

    def test_it_obeys_a_json_schema(self, chat: Callable[..., httpx.Response]) -> None:
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
        answer = chat(
            max_tokens=200,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema, "strict": True},
            },
        ).json()
        text = answer["choices"][0]["message"]["content"]
        assert isinstance(json.loads(text)["ok"], bool)

    def test_it_tells_log_probabilities(self, chat: Callable[..., httpx.Response]) -> None:
        answer = chat(max_tokens=2, logprobs=True, top_logprobs=3).json()
        assert len(answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 3

    def test_it_takes_tools(self, chat: Callable[..., httpx.Response]) -> None:
        tool = {
            "type": "function",
            "function": {
                "name": "run_job",
                "parameters": {
                    "type": "object",
                    "properties": {"job": {"type": "string", "enum": ["reboot", "drain"]}},
                    "required": ["job"],
                },
            },
        }
        # The tiny model's template knows no tools; the server must take them all the same.
        answer = chat(max_tokens=60, tools=[tool], tool_choice="auto")
        assert answer.status_code == 200
        assert answer.json()["choices"][0]["message"]["role"] == "assistant"

    def test_it_serves_two_at_once(self, url: str, chat: Callable[..., httpx.Response]) -> None:
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(chat(max_tokens=100, ignore_eos=True).status_code)
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: is_busy(url, api_key=KEY), every=0.005)
        for thread in threads:
            thread.join()
        assert answers == [200] * 4


def test_an_embedding_model_embeds(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(dataclasses.replace(spec, embedding=True))
    url = becomes("running").url
    ask(url, api_key=KEY, name="ops", embedding=True, within=30)
