"""What of a stream is passed on, and what is read from it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.sse import EventRelay, usage_of_reply

CONTENT = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


def relayed(relay: EventRelay, stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges) if a < b]
    return [relay.feed(piece) for piece in pieces] + [relay.rest()]


EVENTS = st.lists(
    st.sampled_from([CONTENT, b": comment\n\n", b"event: x\r\ndata: 1\r\n\r\n", b"id: 7\n\n"]),
    max_size=8,
)
CUTS = st.lists(st.integers(min_value=0), max_size=12)


class TestPassingOn:
    @settings(max_examples=120, deadline=None)
    @given(EVENTS, CUTS)
    def test_every_byte_arrives_however_it_is_cut(
        self, events: list[bytes], cuts: list[int]
    ) -> None:
        stream = b"".join([*events, USAGE, DONE])
        relay = EventRelay(withhold_usage=False)

        sent = relayed(relay, stream, cuts)

        assert b"".join(sent) == stream
        assert all(not part or part.endswith(b"\n") for part in sent)
        assert relay.done
        assert relay.usage is not None
        assert (relay.usage.prompt_tokens, relay.usage.completion_tokens) == (3, 2)

    @settings(max_examples=120, deadline=None)
    @given(EVENTS, CUTS)
    def test_usage_nobody_asked_for_is_taken_out(
        self, events: list[bytes], cuts: list[int]
    ) -> None:
        relay = EventRelay(withhold_usage=True)

        sent = relayed(relay, b"".join([*events, USAGE, DONE]), cuts)

        assert b"".join(sent) == b"".join([*events, DONE])
        assert relay.usage is not None

    @settings(max_examples=120, deadline=None)
    @given(st.lists(st.binary(max_size=60), max_size=10))
    def test_random_bytes_pass_unchanged(self, pieces: list[bytes]) -> None:
        relay = EventRelay(withhold_usage=False)

        sent = [relay.feed(piece) for piece in pieces if piece] + [relay.rest()]

        assert b"".join(sent) == b"".join(pieces)

    def test_usage_beside_content_stays(self) -> None:
        both = b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}\n\n'
        relay = EventRelay(withhold_usage=True)

        assert relay.feed(both) == both
        assert relay.usage is not None

    def test_an_event_without_end_does_not_grow_for_ever(self) -> None:
        relay = EventRelay(withhold_usage=False)

        sent = sum(len(relay.feed(b"x" * 65536)) for _ in range(40))

        assert sent >= 40 * 65536 - 1024 * 1024 - 65536
        assert relay.torn

    def test_the_word_done_in_a_text_is_no_end(self) -> None:
        relay = EventRelay(withhold_usage=False)

        relay.feed(b'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n')

        assert not relay.done


class TestUsageOfAReply:
    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b'{"usage":7}', b'{"usage":null}', b"\xff", b'{"a":1}']
    )
    def test_none_when_there_is_none(self, body: bytes) -> None:
        assert usage_of_reply(body) is None

    def test_wherever_it_stands(self) -> None:
        body = json.dumps({"usage": {"prompt_tokens": 4, "x": 1}, "choices": []}).encode()

        usage = usage_of_reply(body)

        assert usage is not None
        assert usage.prompt_tokens == 4
