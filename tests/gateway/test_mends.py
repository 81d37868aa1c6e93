"""What the bundled model server gets wrong and the gateway puts right: docs/dialects.md lists it.

Each mend is shown with the server's own answer beside it. A test that fails because the server
does better now is a mend to be taken out.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest
from openai.types.responses import Response

from apps.gateway.dataplane.mends import mended
from tests.gateway.engine import SERVER_KEY, deploy, running_engine
from tests.gateway.harness import HEADERS, House, Served, strict_openai

ASK: dict[str, Any] = {
    "model": "opsling",
    "messages": [{"role": "user", "content": "reboot db-07"}],
    "max_tokens": 8,
    "temperature": 0,
}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 5}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
def gateway(model_server: str, house: House, start_gateway: Callable[..., Served]) -> Served:
    deploy(house, model_server)
    return start_gateway()


Both = Callable[..., tuple[httpx.Response, httpx.Response]]


@pytest.fixture
def both(gateway: Served, model_server: str) -> Both:
    def ask(path: str, body: dict[str, Any]) -> tuple[httpx.Response, httpx.Response]:
        """The server's own answer, and the gateway's."""
        own = {"authorization": f"Bearer {SERVER_KEY}"}
        return (
            httpx.post(f"{model_server}/v1/{path}", json=body, headers=own, timeout=30),
            httpx.post(f"{gateway.url}/{path}", json=body, headers=HEADERS, timeout=30),
        )

    return ask


class TestChoices:
    def test_logprobs_are_null_where_nobody_asked(self, both: Both) -> None:
        theirs, ours = (reply.json()["choices"][0] for reply in both("chat/completions", ASK))

        assert "logprobs" not in theirs
        assert ours == {**theirs, "logprobs": None}

    def test_every_choice_has_them(self, both: Both) -> None:
        _, ours = both("chat/completions", {**ASK, "n": 2})

        assert [choice["logprobs"] for choice in ours.json()["choices"]] == [None, None]

    def test_those_that_are_there_stay(self, both: Both) -> None:
        _, ours = both("chat/completions", {**ASK, "logprobs": True, "top_logprobs": 1})

        assert ours.json()["choices"][0]["logprobs"]["content"]

    def test_nothing_else_changes(self) -> None:
        body = b'{ "choices" : [ {"index":0, "message":{"content":"}]"}} ], "x" : 1.10}'

        assert mended("/v1/chat/completions", 200, body) == (
            200,
            b'{ "choices" : [ {"index":0, "message":{"content":"}]"},"logprobs":null} ],'
            b' "x" : 1.10}',
        )
        assert mended("/v1/completions", 200, body) == (200, body)
        assert mended("/v1/chat/completions", 200, b"not JSON") == (200, b"not JSON")


class TestBodiesItCannotUse:
    @pytest.mark.parametrize(
        "changes",
        [
            {"tools": [{"type": "custom", "custom": {"name": "x"}}]},
            {"tools": [{"type": "function"}]},
            {"tools": "hammer"},
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
                        ],
                    }
                ]
            },
        ],
        ids=["custom tool", "tool without a function", "tools that are none", "a picture"],
    )
    def test_are_the_clients_fault(self, both: Both, changes: dict[str, Any]) -> None:
        theirs, ours = both("chat/completions", {**ASK, **changes})

        assert theirs.status_code == 500
        assert ours.status_code == 400
        error = ours.json()["error"]
        assert error == {
            **theirs.json()["error"],
            "code": 400,
            "type": "invalid_request_error",
        }

    def test_a_text_too_long_to_embed_is_too_long(
        self, tmp_path: Path, house: House, start_gateway: Callable[..., Served]
    ) -> None:
        with running_engine(tmp_path, embedding=True) as address:
            deploy(house, address, "embedder")
            asked = {"model": "embedder", "input": "a" * 3000}
            own = {"authorization": f"Bearer {SERVER_KEY}"}
            theirs = httpx.post(f"{address}/v1/embeddings", json=asked, headers=own)
            gateway = start_gateway()
            ours = httpx.post(f"{gateway.url}/embeddings", json=asked, headers=HEADERS)

        assert (theirs.status_code, ours.status_code) == (500, 400)
        assert ours.json()["error"]["type"] == "exceed_context_size_error"

    def test_other_failures_stay_its_own(self) -> None:
        body = b'{"error":{"code":500,"message":"out of memory","type":"server_error"}}'

        assert mended("/v1/chat/completions", 500, body) == (500, body)


class TestResponses:
    """Its own leave so much out that they are translated from chat completions."""

    ASK = {"model": "opsling", "input": "reboot db-07", "max_output_tokens": 8}

    def test_fields_that_may_be_null_are_there(self, both: Both) -> None:
        theirs, ours = (reply.json() for reply in both("responses", self.ASK))

        with pytest.raises(pydantic.ValidationError, match="parallel_tool_calls"):
            Response.model_validate(theirs)
        Response.model_validate(ours)
        fields = ("error", "incomplete_details", "instructions", "metadata", "temperature", "tools")
        assert not set(fields) & set(theirs)
        assert set(fields) < set(ours)
        assert theirs["output"][0]["content"][0]["text"] == ours["output"][0]["content"][0]["text"]

    def test_an_answer_cut_short_says_so(self, both: Both) -> None:
        theirs, ours = (reply.json() for reply in both("responses", self.ASK))

        assert theirs["status"] == "completed"
        assert ours["status"] == "incomplete"
        assert ours["incomplete_details"] == {"reason": "max_output_tokens"}

    def test_an_answer_fits_its_schema(self, both: Both) -> None:
        form = {"type": "json_schema", "name": "city", "strict": True, "schema": CITY}
        asked = {**self.ASK, "max_output_tokens": 60, "text": {"format": form}}

        theirs, ours = (
            reply.json()["output"][0]["content"][0]["text"] for reply in both("responses", asked)
        )

        assert '"city"' not in theirs
        assert ours.replace("\n", "").startswith('{"city"')

    def test_streams_pass_strict_validation(self, gateway: Served) -> None:
        with strict_openai(gateway) as client:
            events = list(
                client.responses.create(
                    model="opsling", input="reboot db-07", max_output_tokens=8, stream=True
                )
            )

        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert events[-1].type == "response.incomplete"

    def test_a_custom_tool_is_refused_not_dropped(self, both: Both) -> None:
        tools = [{"type": "custom", "name": "x"}]

        theirs, ours = both("responses", {**self.ASK, "tools": tools})

        assert theirs.status_code == 200
        assert ours.status_code == 400


class TestMessages:
    """Translated as well, for what it drops in silence; only counting is left to it."""

    ASK = {"model": "opsling", "messages": ASK["messages"], "max_tokens": 8}

    def test_errors_have_their_shape(self, both: Both) -> None:
        theirs, ours = both("messages", {"model": "opsling", "max_tokens": 8})

        assert theirs.status_code == 500
        assert (ours.status_code, ours.json()["type"]) == (400, "error")

    def test_an_answer_fits_its_schema(self, both: Both) -> None:
        form = {"format": {"type": "json_schema", "schema": CITY}}

        theirs, ours = both("messages", {**self.ASK, "max_tokens": 60, "output_config": form})

        assert '"city"' not in theirs.json()["content"][0]["text"]
        assert ours.json()["content"][0]["text"].replace("\n", "").startswith('{"city"')

    def test_tokens_are_counted_by_the_server_itself(self, both: Both) -> None:
        theirs, ours = both("messages/count_tokens", self.ASK)

        assert ours.json() == theirs.json()
        assert ours.json()["input_tokens"] > 0


def test_outside_servers_are_not_mended(
    model_server: str, house: House, start_gateway: Callable[..., Served]
) -> None:
    """Only what we start ourselves is known to need it."""
    house.serve("opsling", model_server + "/v1")
    house.upstreams[0] = type(house.upstreams[0])(
        id=1, name="up", base_url=model_server + "/v1", sealed_key=f"sealed:{SERVER_KEY}"
    )

    reply = httpx.post(
        f"{start_gateway().url}/chat/completions", json=ASK, headers=HEADERS, timeout=30
    )

    assert reply.status_code == 200
    assert "logprobs" not in reply.json()["choices"][0]
