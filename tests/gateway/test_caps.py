"""Asking for more tokens back than there is room for, or than one may have."""

from typing import Any

import httpx
import msgspec
import openai
import pytest

from apps.gateway.dataplane.snapshot import FallbackEntry
from tests.gateway.engine import deploy
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, House, Served, post, strict_openai
from tests.gateway.replies import MESSAGE, completion
from tests.gateway.scripted_upstream import ScriptedUpstream

HI = [{"role": "user", "content": "hi"}]
HEADER = "x-hearth-max-tokens"


def limit_context(house: House, tokens: int) -> None:
    house.upstreams = [
        msgspec.structs.replace(entry, context_length=tokens) for entry in house.upstreams
    ]


def limit_key(house: House, tokens: int) -> None:
    house.keys = [msgspec.structs.replace(entry, max_output_tokens=tokens) for entry in house.keys]


def limit_route(house: House, tokens: int) -> None:
    house.routes = [
        msgspec.structs.replace(entry, max_output_tokens=tokens) for entry in house.routes
    ]


@pytest.fixture
def served(house: House, upstream: FaultyUpstream) -> House:
    house.serve("tiny", upstream.url)
    return house


class TestTheContext:
    @pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
    def test_what_does_not_fit_is_lowered_in_place(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any, field: str
    ) -> None:
        limit_context(served, 8192)
        body = b'{"model":"tiny", "%b" : 32000 ,"messages":[], "odd":1.10}' % field.encode()

        reply = httpx.post(f"{start_gateway().url}/chat/completions", content=body, headers=HEADERS)

        room = 8192 - len(body) // 3
        assert upstream.seen[0].raw_body == body.replace(b"32000", b"%d" % room)
        assert reply.headers[HEADER] == f"{room}; context"
        assert served.wait_for_usage(1)[0].capped_to == room

    def test_what_fits_is_left_alone(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        limit_context(served, 8192)

        reply = post(start_gateway(), max_tokens=4096)

        assert upstream.seen[0].body["max_tokens"] == 4096
        assert HEADER not in reply.headers

    def test_who_asks_for_nothing_gets_no_limit(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        limit_context(served, 8192)

        reply = post(start_gateway())

        assert "max_tokens" not in upstream.seen[0].body
        assert HEADER not in reply.headers

    def test_a_long_prompt_leaves_a_part_all_the_same(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        """Whether it is too long is for the server to say: it counts, here is only guessed."""
        limit_context(served, 8192)

        reply = post(
            start_gateway(),
            messages=[{"role": "user", "content": "word " * 6000}],
            max_tokens=32000,
        )

        assert reply.headers[HEADER] == "2048; context"

    def test_pictures_do_not_count_by_their_bytes(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        limit_context(served, 8192)
        url = "data:image/png;base64," + "A" * 60_000
        parts = [{"type": "image_url", "image_url": {"url": url}}]

        reply = post(
            start_gateway(), messages=[{"role": "user", "content": parts}], max_tokens=32000
        )

        assert int(reply.headers[HEADER].split(";")[0]) > 8000

    def test_the_endpoint_that_answers_sets_it(
        self, house: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        with FaultyUpstream(status=503) as small:
            house.serve("tiny", small.url)
            limit_context(house, 4096)
            house.serve("big", upstream.url)
            fallback = FallbackEntry(on=["5xx"], to="big")
            house.routes[0] = msgspec.structs.replace(house.routes[0], fallbacks=[fallback])

            reply = post(start_gateway(), max_tokens=20_000)

            assert small.seen[0].body["max_tokens"] < 4096
        assert upstream.seen[0].body["max_tokens"] == 20_000
        assert HEADER not in reply.headers
        assert house.wait_for_usage(1)[0].capped_to is None


class TestAServerThatCounts:
    """It refuses what does not fit, and says what would."""

    TOLD = (
        "This model's maximum context length is 16384 tokens. However, you requested 41000 tokens "
        "(9000 in the messages, 32000 in the completion). Please reduce the length.",
        "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context "
        "length is 16384 tokens and your request has 9000 input tokens (32000 > 16384 - 9000).",
    )

    @pytest.mark.parametrize("told", TOLD)
    def test_is_asked_again_for_what_fits(
        self, over_chat: Served, scripted: ScriptedUpstream, told: str
    ) -> None:
        scripted.will_answer({"error": {"message": told, "code": 400}}, status=400)
        scripted.will_answer(completion(content="x"))

        reply = post(over_chat, max_tokens=32000)

        assert [seen.body["max_tokens"] for seen in scripted.seen] == [32000, 7384]
        assert reply.headers[HEADER] == "7384; context"
        assert reply.status_code == 200

    @pytest.mark.parametrize("told", [TOLD[0].replace("9000", "17000"), "maximum context length"])
    def test_is_believed_when_nothing_would(
        self, over_chat: Served, scripted: ScriptedUpstream, told: str
    ) -> None:
        scripted.will_answer({"error": {"message": told, "code": 400}}, status=400)

        reply = post(over_chat, max_tokens=32000)

        assert reply.status_code == 400
        assert reply.json()["error"]["message"] == told
        assert len(scripted.seen) == 1


class TestTheKeyAndTheRoute:
    @pytest.mark.parametrize(
        ("of_key", "of_route", "said"),
        [(500, None, "500; key"), (None, 400, "400; route"), (500, 400, "400; route")],
    )
    def test_the_smallest_counts(
        self,
        served: House,
        upstream: FaultyUpstream,
        start_gateway: Any,
        of_key: int | None,
        of_route: int | None,
        said: str,
    ) -> None:
        limit_context(served, 8192)
        if of_key is not None:
            limit_key(served, of_key)
        if of_route is not None:
            limit_route(served, of_route)

        reply = post(start_gateway(), max_tokens=32000)

        assert reply.headers[HEADER] == said
        assert upstream.seen[0].body["max_tokens"] == int(said.split(";", maxsplit=1)[0])

    @pytest.mark.parametrize(
        ("asked", "sent"),
        [
            ({}, {"max_completion_tokens": 500}),
            ({"max_tokens": None}, {"max_tokens": 500}),
            ({"max_tokens": -1}, {"max_tokens": 500}),
            (
                {"max_tokens": 600, "max_completion_tokens": 700},
                {"max_tokens": 500, "max_completion_tokens": 500},
            ),
            (
                {"max_tokens": 600, "max_completion_tokens": 70},
                {"max_tokens": 500, "max_completion_tokens": 70},
            ),
            ({"max_tokens": 1e9}, {"max_tokens": 500}),
            ({"max_tokens": 600.5}, {"max_tokens": 500}),
            ({"max_tokens": 10**4000}, {"max_tokens": 500}),
            ({"n_predict": 600}, {"n_predict": 500, "max_completion_tokens": 500}),
            ({"n_predict": -1, "max_tokens": 5}, {"n_predict": 500, "max_tokens": 5}),
        ],
    )
    def test_nobody_gets_more_by_not_asking(
        self,
        served: House,
        scripted: ScriptedUpstream,
        start_gateway: Any,
        asked: dict[str, Any],
        sent: dict[str, Any],
    ) -> None:
        house = served
        house.upstreams.clear()
        house.routes.clear()
        house.serve("tiny", scripted.url)
        limit_key(house, 500)
        scripted.will_answer(completion(content="x"))

        post(start_gateway(), **asked)

        seen = scripted.seen[0].body
        limits = {
            name: seen[name]
            for name in ("max_tokens", "max_completion_tokens", "n_predict")
            if name in seen
        }
        assert limits == sent

    @pytest.mark.parametrize("given", ['"600"', "true", "[600]", "1e400"])
    def test_what_a_server_might_read_a_number_from_is_refused(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any, given: str
    ) -> None:
        limit_key(served, 500)
        body = b'{"model":"tiny","messages":[],"max_tokens":%b}' % given.encode()

        reply = httpx.post(f"{start_gateway().url}/chat/completions", content=body, headers=HEADERS)

        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "max_tokens")
        assert upstream.seen == []

    def test_so_is_a_limit_given_twice(
        self, served: House, upstream: FaultyUpstream, start_gateway: Any
    ) -> None:
        limit_key(served, 500)
        body = b'{"model":"tiny","messages":[],"max_tokens":600,"max_tokens":5}'

        reply = httpx.post(f"{start_gateway().url}/chat/completions", content=body, headers=HEADERS)

        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "duplicate_field")
        assert upstream.seen == []

    def test_words_of_other_dialects_are_no_way_around_it(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Any
    ) -> None:
        house.serve("tiny", scripted.url, speaks=["chat"])
        limit_key(house, 500)
        gateway = start_gateway()
        more = {"max_completion_tokens": 9000, "n_predict": 9000, "n": 9}
        for path in ("responses", "messages"):
            scripted.will_answer(completion(content="x"))
            httpx.post(
                f"{gateway.url}/{path}",
                json={"model": "tiny", "input": "hi", "messages": HI, "max_tokens": 500, **more},
                headers=HEADERS,
            )
            sent = scripted.seen[-1].body
            assert sent["max_tokens"] == 500
            assert not more.keys() & sent.keys()

    def test_in_every_dialect(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Any
    ) -> None:
        house.serve("tiny", scripted.url, speaks=["chat", "completions", "messages"])
        limit_key(house, 500)
        gateway = start_gateway()
        for path, field, answer in (
            ("responses", "max_output_tokens", completion(content="x")),
            ("messages", "max_tokens", MESSAGE),
            ("completions", "max_tokens", {}),
        ):
            scripted.will_answer(answer)
            reply = httpx.post(
                f"{gateway.url}/{path}",
                json={"model": "tiny", "input": "hi", "messages": HI, field: 32000},
                headers=HEADERS,
            )
            assert reply.headers[HEADER] == "500; key"
            assert scripted.seen[-1].body["max_tokens"] == 500


class TestTheBundledModel:
    """The shape of a coding client's request: long instructions, 32,000 tokens asked back."""

    def test_answers_within_what_there_is(
        self, model_server: str, house: House, start_gateway: Any
    ) -> None:
        deploy(house, model_server, context_length=1024)
        gateway: Served = start_gateway()
        with strict_openai(gateway) as client:
            raw = client.chat.completions.with_raw_response.create(
                model="opsling",
                messages=[
                    {"role": "system", "content": "Be of use. " * 60},
                    {"role": "user", "content": "reboot db-07"},
                ],
                max_tokens=32_000,
                extra_body={"ignore_eos": True},
            )

        assert raw.headers[HEADER].endswith("; context")
        usage = raw.parse().usage
        assert usage is not None
        assert 0 < usage.completion_tokens <= int(raw.headers[HEADER].split(";")[0])
        assert usage.total_tokens == 1024

    def test_says_itself_when_the_prompt_alone_is_too_long(
        self, model_server: str, house: House, start_gateway: Any
    ) -> None:
        deploy(house, model_server, context_length=1024)
        with (
            strict_openai(start_gateway()) as client,
            pytest.raises(openai.BadRequestError, match="context"),
        ):
            client.chat.completions.create(
                model="opsling",
                messages=[{"role": "user", "content": "word " * 1500}],
                max_tokens=32_000,
            )
