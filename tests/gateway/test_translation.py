"""Which words an upstream is asked in, and clients and servers that share no dialect."""

import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import pytest

from apps.gateway.dataplane import snapshot
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, House, Served, Speaking, strict_anthropic, strict_openai
from tests.gateway.replies import (
    MESSAGE,
    MESSAGE_EVENTS,
    RESPONSE,
    RESPONSE_EVENTS,
    completion,
)
from tests.gateway.scripted_upstream import ScriptedUpstream

HI: Any = [{"role": "user", "content": "hi"}]
NOT_FOUND = {"error": {"message": "Not Found", "type": "not_found_error"}}


class TestInTheClientsOwnWords:
    @pytest.mark.parametrize("path", ["chat/completions", "responses", "messages"])
    def test_every_byte_passes(
        self, speaking: Speaking, scripted: ScriptedUpstream, path: str
    ) -> None:
        gateway = speaking(["chat", "responses", "messages"])
        scripted.will_answer(b'{ "x":1.0,\n "usage":null}')
        body = b'{"model" : "tiny", "odd": 1.10, "max_tokens":5}'

        reply = httpx.post(f"{gateway.url}/{path}", content=body, headers=HEADERS)

        assert reply.content == b'{ "x":1.0,\n "usage":null}'
        assert scripted.seen[0].path == f"/v1/{path}"
        assert scripted.seen[0].raw_body == body

    def test_usage_of_every_dialect_is_counted(
        self, speaking: Speaking, scripted: ScriptedUpstream, house: House
    ) -> None:
        gateway = speaking(["chat", "responses", "messages"])
        for path, plain, events in (
            ("messages", MESSAGE, MESSAGE_EVENTS),
            ("responses", RESPONSE, RESPONSE_EVENTS),
        ):
            scripted.will_answer(plain)
            scripted.will_stream(*events)
            for stream in (False, True):
                reply = httpx.post(
                    f"{gateway.url}/{path}",
                    json={"model": "tiny", "stream": stream},
                    headers=HEADERS,
                )
                assert reply.status_code == 200

        counted = [
            (r.prompt_tokens, r.completion_tokens, r.cached_tokens, r.estimated)
            for r in house.wait_for_usage(4)
        ]
        assert counted == [
            (23, 5, 12, False),
            (23, 9, 12, False),
            (20, 5, 12, False),
            (20, 5, 12, False),
        ]


class TestAnUpstreamNobodyKnows:
    def test_is_believed_to_have_the_path(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(RESPONSE)

        httpx.post(
            f"{speaking([]).url}/responses", json={"model": "tiny", "input": "hi"}, headers=HEADERS
        )

        assert scripted.seen[0].path == "/v1/responses"

    def test_is_asked_in_chat_completions_once_it_says_otherwise(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        gateway = speaking([])
        scripted.will_answer(NOT_FOUND, status=404)
        for _ in range(2):
            scripted.will_answer(completion(content="Hello."))

        with strict_openai(gateway) as client:
            for _ in range(2):
                assert client.responses.create(model="tiny", input="hi").output_text == "Hello."

        assert [seen.path for seen in scripted.seen] == [
            "/v1/responses",
            "/v1/chat/completions",
            "/v1/chat/completions",
        ]

    def test_that_lacks_the_model_is_believed_again(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        gateway = speaking([])
        for _ in range(2):
            scripted.will_answer(NOT_FOUND, status=404)
        scripted.will_answer(RESPONSE)
        body = {"model": "tiny", "input": "hi"}

        first, second = (
            httpx.post(f"{gateway.url}/responses", json=body, headers=HEADERS) for _ in range(2)
        )

        assert (first.status_code, second.status_code) == (404, 200)
        assert first.json() == NOT_FOUND
        assert scripted.seen[2].path == "/v1/responses"


class TestWithChatInBetween:
    """The client and the server speak one of the other two each."""

    def test_messages_from_responses(self, speaking: Speaking, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(RESPONSE)
        scripted.will_stream(*RESPONSE_EVENTS)
        ask: Any = {"model": "tiny", "max_tokens": 50, "messages": HI}

        with strict_anthropic(speaking(["responses"])) as client:
            plain = client.messages.create(**ask, system="Be brief.")
            with client.messages.stream(**ask) as stream:
                streamed = stream.get_final_message()

        for message in (plain, streamed):
            assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
            assert message.stop_reason == "tool_use"
            assert message.usage.output_tokens == 5
        assert scripted.seen[0].path == "/v1/responses"
        assert scripted.seen[0].body["input"][0] == {"role": "system", "content": "Be brief."}

    def test_responses_from_messages(self, speaking: Speaking, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(MESSAGE)
        scripted.will_stream(*MESSAGE_EVENTS)

        with strict_openai(speaking(["messages"])) as client:
            plain = client.responses.create(model="tiny", input="hi")
            with client.responses.stream(model="tiny", input="hi") as stream:
                streamed = stream.get_final_response()

        assert plain.output_text == streamed.output_text == "I look."
        assert plain.output[-1].type == streamed.output[-1].type == "function_call"
        assert streamed.usage is not None
        assert streamed.usage.output_tokens == 9
        assert scripted.seen[0].path == "/v1/messages"
        assert scripted.seen[0].header("anthropic-version")

    def test_a_break_is_told_in_the_clients_words(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_stream(*MESSAGE_EVENTS[:8])

        reply = httpx.post(
            f"{speaking(['messages']).url}/responses",
            json={"model": "tiny", "input": "hi", "stream": True},
            headers=HEADERS,
        )

        names = [line for line in reply.text.splitlines() if line.startswith("event: ")]
        assert names[-2:] == ["event: error", "event: response.failed"]


class TestErrors:
    def test_of_chat_completions_for_a_client_of_messages(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer({"error": {"message": "no such thing"}}, status=404)

        with (
            strict_anthropic(speaking(["chat"])) as client,
            pytest.raises(anthropic.NotFoundError, match="no such thing") as refusal,
        ):
            client.messages.create(model="tiny", max_tokens=5, messages=HI)

        assert refusal.value.body == {
            "type": "error",
            "error": {"type": "not_found_error", "message": "no such thing"},
        }

    def test_of_messages_for_a_client_of_chat_completions(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        told = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
        scripted.will_answer(told, status=400)

        with (
            strict_openai(speaking(["messages"])) as client,
            pytest.raises(openai.BadRequestError, match="busy"),
        ):
            client.chat.completions.create(model="tiny", messages=HI)

    def test_ours_are_in_the_words_of_the_path(self, speaking: Speaking) -> None:
        gateway = speaking(["chat"])

        for path in ("messages", "chat/completions", "responses"):
            reply = httpx.post(f"{gateway.url}/{path}", json={}, headers=HEADERS).json()
            assert (reply.get("type") == "error") == (path == "messages")
            assert reply["error"]["message"].startswith("The field `model` is missing")

    def test_a_path_that_has_no_way_round(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        reply = httpx.post(
            f"{speaking(['chat']).url}/embeddings",
            json={"model": "tiny", "input": "x"},
            headers=HEADERS,
        )

        assert reply.status_code == 400
        assert reply.json()["error"]["code"] == "not_served"
        assert scripted.seen == []

    def test_a_path_that_another_server_of_the_route_has(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        with ScriptedUpstream() as chatty:
            house.serve("tiny", chatty.url, upstream.url)
            house.upstreams[0] = msgspec.structs.replace(house.upstreams[0], speaks=["chat"])
            gateway = start_gateway()

            for _ in range(8):
                reply = httpx.post(
                    f"{gateway.url}/embeddings",
                    json={"model": "tiny", "input": "x"},
                    headers=HEADERS,
                )
                assert reply.status_code == 200

            assert chatty.seen == []

    def test_what_is_no_reply_at_all_is_an_upstreams_failure(
        self, speaking: Speaking, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer({"hello": "world"})

        reply = httpx.post(
            f"{speaking(['chat']).url}/responses",
            json={"model": "tiny", "input": "hi"},
            headers=HEADERS,
        )

        assert reply.status_code == 502
        assert "without a message" in reply.json()["error"]["message"]


class TestCredentials:
    @pytest.mark.parametrize(
        ("speaks", "names"),
        [
            (["messages"], {"x-api-key": "sk-up"}),
            (["messages", "chat"], {"x-api-key": "sk-up", "authorization": "Bearer sk-up"}),
        ],
    )
    def test_servers_of_messages_get_the_key_as_they_know_it(
        self,
        house: House,
        scripted: ScriptedUpstream,
        start_gateway: Callable[..., Served],
        speaks: list[snapshot.Spoken],
        names: dict[str, str],
    ) -> None:
        house.upstreams.append(
            snapshot.UpstreamEntry(
                id=1, name="up", base_url=scripted.url, speaks=speaks, sealed_key="sealed:sk-up"
            )
        )
        house.routes.append(
            snapshot.RouteEntry(
                name="tiny", team_id=1, targets=[snapshot.TargetEntry(upstream_id=1)]
            )
        )
        scripted.will_answer(MESSAGE)

        httpx.post(
            f"{start_gateway().url}/messages",
            json={"model": "tiny", "max_tokens": 5, "messages": HI},
            headers=HEADERS,
        )

        seen = scripted.seen[0]
        sent = {name: seen.header(name) for name in ("x-api-key", "authorization")}
        assert {name: value for name, value in sent.items() if value} == names
        assert json.loads(seen.raw_body)["model"] == "tiny"
