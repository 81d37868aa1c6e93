"""What the Responses API is refused here, and how that is said."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from apps.gateway.dataplane.dialects.responses_over_chat import request
from apps.gateway.dataplane.errors import GatewayError
from tests.gateway.harness import HEADERS, Served, strict_openai
from tests.gateway.replies import completion
from tests.gateway.scripted_upstream import ScriptedUpstream

ASK: Any = {"model": "tiny", "input": "hi"}
WEATHER: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}}


@pytest.fixture
def client(over_chat: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(over_chat) as client:
        yield client


class TestStoredResponses:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("background", True),
            ("previous_response_id", "resp_1"),
            ("conversation", "conv_1"),
            ("prompt", {"id": "pmpt_1"}),
        ],
    )
    def test_nothing_is_kept(
        self, client: openai.OpenAI, scripted: ScriptedUpstream, field: str, value: Any
    ) -> None:
        with pytest.raises(openai.BadRequestError, match="not stored here") as refusal:
            client.responses.create(**ASK, extra_body={field: value})

        assert refusal.value.param == field
        assert scripted.seen == []

    def test_null_and_false_ask_for_nothing(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(completion(content="Hello."))

        client.responses.create(**ASK, background=False, previous_response_id=None, store=True)

        assert set(scripted.seen[0].body) == {"model", "messages"}

    def test_retrieve_cancel_delete(self, client: openai.OpenAI) -> None:
        for refused in (
            client.responses.retrieve,
            client.responses.cancel,
            client.responses.delete,
            client.responses.input_items.list,
        ):
            with pytest.raises(openai.BadRequestError, match="not stored here"):
                refused("resp_1")


class TestWhatChatCannotSay:
    @pytest.mark.parametrize(
        ("changes", "param"),
        [
            ({"tools": [{"type": "custom", "name": "x"}]}, "tools[0].type"),
            ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
            ({"tools": [WEATHER], "tool_choice": {"type": "mcp"}}, "tool_choice.type"),
            ({"input": []}, "input"),
            ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
            ({"input": [{"role": "user", "content": [{"type": "x"}]}]}, "input[0].content[0].type"),
            (
                {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
                "input[0].content[0].image_url",
            ),
            ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].call_id"),
            ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
            ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
            ({"temperature": "warm"}, "temperature"),
            ({"input": 7}, "input"),
        ],
    )
    def test_is_named(self, changes: Any, param: str) -> None:
        with pytest.raises(GatewayError) as refusal:
            request(json.dumps({**ASK, **changes}).encode(), None)

        assert (refusal.value.status, refusal.value.param) == (400, param)

    def test_reaches_no_server(self, over_chat: Served, scripted: ScriptedUpstream) -> None:
        reply = httpx.post(f"{over_chat.url}/responses", json={**ASK, "input": []}, headers=HEADERS)

        assert reply.status_code == 400
        assert reply.json()["error"]["param"] == "input"
        assert scripted.seen == []

    def test_errors_of_the_upstream_are_errors(
        self, client: openai.OpenAI, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer({"error": {"message": "too long", "code": 400}}, status=400)

        with pytest.raises(openai.BadRequestError, match="too long"):
            client.responses.create(**ASK)
