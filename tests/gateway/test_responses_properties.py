"""What holds for every request and every stream of the Responses API, however odd."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.dialects import chat_to_responses, responses_over_chat
from apps.gateway.dataplane.dialects.reading import events
from apps.gateway.dataplane.dialects.responses_stream import Stream
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from apps.gateway.dataplane.sse import EventRelay
from tests.gateway.replies import DONE, USAGE, call, chunk, completion
from tests.gateway.test_messages_properties import QUICK, anything

FEWER = settings(QUICK, max_examples=60)  # bodies take their time to be made up
ASKED = b'{"model":"tiny","input":"hi"}'
KINDS = [
    *("message", "function_call", "function_call_output", "reasoning", "item_reference"),
    *("input_text", "input_image", "input_file", "output_text", "refusal", "text"),
]
item = st.dictionaries(
    st.sampled_from(["type", "role", "content", "call_id", "name", "arguments", "output", "text"]),
    anything | st.sampled_from(KINDS) | st.lists(st.dictionaries(st.just("type"), anything)),
    max_size=5,
)
OPTIONS = ("tools", "tool_choice", "text", "reasoning", "instructions", "include", "metadata")
like_a_body = st.fixed_dictionaries(
    {"model": st.just("m"), "input": st.lists(item, max_size=4) | anything},
    optional={name: anything | st.lists(item, max_size=2) for name in OPTIONS},
)
like_a_chat = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.lists(item, max_size=4)},
    optional=dict.fromkeys(("tools", "tool_choice", "response_format", "n"), anything),
)


def sound(make: Any, body: Any, told: str) -> None:
    """Translated, with what is `told`, or refused."""
    try:
        sent = json.loads(make(json.dumps(body).encode(), "theirs"))
    except GatewayError as refused:
        sent = {"model": "theirs", told: [], "refused": refused.status}
    assert sent["model"] == "theirs"
    assert isinstance(sent[told], list)
    assert sent.get("refused", 400) == 400


class TestAnyRequest:
    @FEWER
    @given(body=like_a_body)
    def test_of_responses_is_translated_or_refused(self, body: Any) -> None:
        sound(responses_over_chat.request, body, "messages")

    @FEWER
    @given(body=like_a_chat)
    def test_of_chat_is_translated_or_refused(self, body: Any) -> None:
        sound(chat_to_responses.request, body, "input")


PIECES = st.lists(
    st.sampled_from(
        [
            chunk(content="a"),
            chunk(reasoning_content="b"),
            chunk(refusal="c"),
            chunk(tool_calls=[call(0, "d", id="x", function={"name": "f"})]),
            chunk(tool_calls=[call(1, "e", function={"name": "g"})]),
            chunk(tool_calls=[call(None, "h", id="y", function={"name": "i"})]),
            b": comment\n\n",
            b'data: {"choices":null}\n\n',
        ]
    ),
    max_size=10,
)


def replayed(stream: bytes, cuts: list[int]) -> list[dict[str, Any]]:
    """The events that come out when the stream comes in pieces."""
    edges = [0, *sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)]
    relay, translated = EventRelay(withhold_usage=False), Stream(ASKED)
    out = [translated.feed(relay.feed(stream[a:b])) for a, b in pairwise(edges)]
    out.append(translated.feed(relay.rest()) + translated.end())
    return [json.loads(data) for data in events(b"".join(out))]


class TestAnyStream:
    @QUICK
    @given(pieces=PIECES, cuts=st.lists(st.integers(min_value=0), max_size=6))
    def test_is_whole_and_agrees_with_itself(self, pieces: list[bytes], cuts: list[int]) -> None:
        told = replayed(b"".join([*pieces, chunk("stop"), USAGE, DONE]), cuts)

        assert [event["sequence_number"] for event in told] == list(range(len(told)))
        assert [event["type"] for event in told[:1] + told[-1:]] == [
            "response.created",
            "response.completed",
        ]
        response = told[-1]["response"]
        assert response["usage"]["total_tokens"] == 25
        done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
        added = [event for event in told if event["type"] == "response.output_item.added"]
        assert sorted(each["id"] for each in done) == sorted(e["item"]["id"] for e in added)
        assert [each["id"] for each in response["output"]] == [e["item"]["id"] for e in added]
        assert all(each["status"] == "completed" for each in response["output"])
        for kind, field in (("output_text", "text"), ("function_call_arguments", "arguments")):
            deltas = [e["delta"] for e in told if e["type"] == f"response.{kind}.delta"]
            whole = [e[field] for e in told if e["type"] == f"response.{kind}.done"]
            assert sorted("".join(deltas)) == sorted("".join(whole))

    @QUICK
    @given(pieces=PIECES)
    def test_without_a_last_word_has_no_end(self, pieces: list[bytes]) -> None:
        stream = Stream(ASKED)
        stream.feed(b"".join(pieces))

        with pytest.raises(UpstreamFailure):
            stream.end()
        last = list(events(stream.broken(GatewayError(502, "broke", "It broke."))))[-1]
        assert json.loads(last)["type"] == "response.failed"

    @QUICK
    @given(reply=anything)
    def test_or_reply_that_is_none_is_a_failure(self, reply: Any) -> None:
        for body in (json.dumps(reply).encode(), json.dumps({"choices": [reply]}).encode()):
            with pytest.raises(UpstreamFailure):
                responses_over_chat.reply(body, ASKED)

    def test_a_plain_reply_says_the_same(self) -> None:
        plain = json.loads(
            responses_over_chat.reply(json.dumps(completion(content="a")).encode(), ASKED)
        )
        streamed = replayed(b"".join([chunk(content="a"), chunk("stop"), USAGE, DONE]), [])[-1]

        changing = {"id", "created_at", "completed_at", "output", "usage"}
        for name in set(plain) - changing:
            assert plain[name] == streamed["response"][name]
        assert plain["output"][0]["content"] == streamed["response"]["output"][0]["content"]
