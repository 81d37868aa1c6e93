"""Limits as clients meet them: what is refused, what headers say, and what a stream may take."""

import json
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import pytest

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.limits import counters, script
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import (
    HEADERS,
    NO_TLS,
    SECRET,
    House,
    Served,
    post,
    strict_openai,
    wait_until_known,
)
from tests.waiting import eventually

Limited = Callable[..., Served]


@pytest.fixture
def limited(
    house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
) -> Limited:
    """`limited(tokens_per_day=…)` is a gateway whose one key has these limits."""

    def start(
        *,
        user: snapshot.Limits = snapshot.NO_LIMITS,
        team: snapshot.Limits = snapshot.NO_LIMITS,
        key: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        **limits: int,
    ) -> Served:
        house.keys = [
            snapshot.KeyEntry(
                id=1,
                team_id=1,
                user_id=7,
                name="ci",
                digest=keys.digest(SECRET),
                limits=snapshot.Limits(**limits),
                **(key or {}),
            )
        ]
        for level, holder_id, shared in (("user", 7, user), ("team", 1, team)):
            if shared:
                house.holders.append(
                    snapshot.HolderEntry(
                        level=level,  # type: ignore[arg-type]
                        id=holder_id,
                        team_id=1,
                        limits=shared,
                        name={"user": "ada", "team": "Ours"}[level],
                    )
                )
        house.serve("tiny", upstream.url)
        return start_gateway(**{"limits_wait_seconds": 5.0, **(settings or {})})

    return start


def error_of(reply: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = reply.json()["error"]
    return error


def used(house: House, window: script.Window, holder: str = "key:1") -> counters.WindowUse:
    with house.redis.client() as client:
        [windows] = counters.read_windows(client, [(holder, -1, -1, -1, -1, -1)])
    return windows[window]


def stream(gateway: Served, **body: Any) -> list[dict[str, Any]]:
    """The events of a stream, each as JSON; the last one is the error, if there was one."""
    with httpx.stream(
        "POST",
        f"{gateway.url}/chat/completions",
        json={"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        | body,
        headers=HEADERS,
        timeout=30,
        verify=NO_TLS,
    ) as reply:
        lines = [line[6:] for line in reply.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


class TestRefusals:
    def test_requests_per_minute(self, limited: Limited, house: House) -> None:
        gateway = limited(requests_per_minute=2)
        replies = [post(gateway) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert [reply.headers["x-ratelimit-remaining-requests"] for reply in replies] == [
            "1",
            "0",
            "0",
        ]
        assert "2 requests per minute of key 'ci'" in error_of(replies[2])["message"]
        assert error_of(replies[2])["code"] == "rate_limit_exceeded"
        assert 20 <= int(replies[2].headers["retry-after"]) <= 65
        records = house.wait_for_usage(3)
        assert sorted(record.error for record in records) == ["", "", "rate_limit_exceeded"]

    def test_tokens_say_what_is_used_reserved_and_needed(self, limited: Limited) -> None:
        gateway = limited(tokens_per_minute=60)
        assert post(gateway, max_tokens=20).status_code == 200
        refused = post(gateway, max_tokens=20, messages=[{"role": "user", "content": "x" * 120}])
        assert refused.status_code == 429
        message = error_of(refused)["message"]
        assert "60 tokens per minute of key 'ci'" in message
        assert "10 are used and 0 reserved" in message

    def test_parallel(self, limited: Limited, upstream: FaultyUpstream) -> None:
        gateway = limited(parallel=1)
        with httpx.stream(
            "POST",
            f"{gateway.url}/chat/completions",
            json={"model": "tiny", "messages": [], "stream": True, "max_tokens": 5, "pace": 10},
            headers=HEADERS,
            timeout=30,
            verify=NO_TLS,
        ) as running:
            next(running.iter_raw())
            refused = post(gateway)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert "1 requests at a time of key 'ci'" in error_of(refused)["message"]
        eventually(lambda: post(gateway).status_code == 200, within=20)

    def test_a_request_that_never_fits_is_not_sent_again_by_its_client(
        self, limited: Limited
    ) -> None:
        gateway = limited(tokens_per_day=50)
        long = [{"role": "user", "content": "x" * 1000}]
        sent: list[object] = []
        counting = openai.DefaultHttpxClient(event_hooks={"request": [sent.append]})
        with (
            openai.OpenAI(
                base_url=gateway.url, api_key=SECRET, max_retries=3, http_client=counting
            ) as client,
            pytest.raises(openai.RateLimitError) as refused,
        ):
            client.chat.completions.create(model="tiny", messages=long)  # type: ignore[arg-type]
        assert len(sent) == 1
        assert refused.value.code == "request_exceeds_limit"
        assert "retry-after" not in refused.value.response.headers

    @pytest.mark.parametrize(
        ("level", "label", "holder"),
        [("user", "user 'ada'", "user:7:1"), ("team", "team 'Ours'", "team:1")],
    )
    def test_limits_of_a_person_and_a_team(
        self, limited: Limited, house: House, level: str, label: str, holder: str
    ) -> None:
        limits = snapshot.Limits(requests_per_minute=1, tokens_per_day=5000)
        gateway = limited(**{level: limits})
        assert post(gateway).status_code == 200
        assert label in error_of(post(gateway))["message"]
        eventually(lambda: used(house, "tokens_per_day", holder).settled == 10)

    def test_the_console_counts_for_the_person_and_the_team(
        self, limited: Limited, house: House
    ) -> None:
        gateway = limited(user=snapshot.Limits(requests_per_minute=1))
        ticket = keys.make_ticket(b"t" * 32, user_id=7, team_id=1, expires_at=time.time() + 60)
        asked = {"model": "tiny", "messages": []}
        replies = [
            httpx.post(
                f"{gateway.url}/chat/completions",
                json=asked,
                headers={"authorization": f"Bearer {ticket}"},
                timeout=30,
                verify=NO_TLS,
            )
            for _ in range(2)
        ]
        assert [reply.status_code for reply in replies] == [200, 429]

    def test_the_last_refusal_is_kept_for_the_console(self, limited: Limited, house: House) -> None:
        gateway = limited(requests_per_minute=1)
        refused = [post(gateway) for _ in range(2)][1]
        with house.redis.client() as client:
            noted = eventually(lambda: counters.read_refusal(client, 1))
        assert noted is not None
        assert noted.sentence == error_of(refused)["message"]
        assert (noted.window, noted.level) == ("requests_per_minute", "key")
        assert noted.request_id == refused.headers["x-request-id"]


class TestHeaders:
    def test_tokens_of_the_tightest_window(self, limited: Limited) -> None:
        gateway = limited(tokens_per_minute=10_000, tokens_per_day=5000)
        headers = post(gateway, max_tokens=100).headers
        assert headers["x-ratelimit-limit-tokens"] == "5000"
        assert 4800 < int(headers["x-ratelimit-remaining-tokens"]) < 4900
        assert headers["x-ratelimit-reset-tokens"].endswith("s")
        assert "x-ratelimit-limit-requests" not in headers

    def test_anthropic_clients_read_theirs(self, limited: Limited) -> None:
        gateway = limited(requests_per_minute=5, tokens_per_minute=5000)
        with anthropic.Anthropic(
            base_url=gateway.url.removesuffix("/v1"), api_key=SECRET, max_retries=0
        ) as client:
            reply = client.messages.with_raw_response.create(
                model="tiny", max_tokens=20, messages=[{"role": "user", "content": "hi"}]
            )
        assert reply.headers["anthropic-ratelimit-requests-limit"] == "5"
        assert reply.headers["anthropic-ratelimit-requests-remaining"] == "4"
        assert reply.headers["anthropic-ratelimit-tokens-limit"] == "5000"
        assert reply.headers["anthropic-ratelimit-tokens-reset"].endswith("Z")

    def test_keys_without_limits_hear_nothing_and_cost_redis_nothing(
        self, limited: Limited, house: House
    ) -> None:
        gateway = limited(settings={"limits_lease_seconds": 600})

        def asked() -> int:
            with house.redis.client() as client:
                stats: Any = client.info("commandstats")
            return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])

        before = asked()
        for _ in range(5):
            assert not any("ratelimit" in name for name in post(gateway).headers)
        assert asked() == before
        assert used(house, "tokens_per_day").settled == 0


class TestOutput:
    def test_a_plain_reply_is_bounded_by_what_is_left(
        self, limited: Limited, upstream: FaultyUpstream
    ) -> None:
        gateway = limited(tokens_per_day=500)
        reply = post(gateway, max_tokens=32_000)
        assert reply.status_code == 200
        bound = upstream.seen[-1].body["max_tokens"]
        assert 400 < bound < 500
        assert reply.headers["x-hearth-max-tokens"] == f"{bound}; budget"

    @pytest.mark.parametrize(("limit", "bound"), [(2000, 1024), (20_000, 2500), (1_000_000, 8192)])
    def test_a_plain_reply_of_unsaid_length_gets_a_part_of_the_limit(
        self, limited: Limited, upstream: FaultyUpstream, limit: int, bound: int
    ) -> None:
        gateway = limited(tokens_per_minute=limit)
        assert post(gateway).headers["x-hearth-max-tokens"] == f"{bound}; budget"
        assert upstream.seen[-1].body["max_completion_tokens"] == bound

    def test_several_answers_at_once_share_what_is_left(
        self, limited: Limited, upstream: FaultyUpstream
    ) -> None:
        gateway = limited(tokens_per_day=500)
        assert post(gateway, max_tokens=300, n=4).status_code == 200
        assert 100 < upstream.seen[-1].body["max_tokens"] < 125

    def test_what_the_route_allows_is_all_that_is_reserved(
        self, limited: Limited, house: House, upstream: FaultyUpstream
    ) -> None:
        gateway = limited(tokens_per_day=5000, key={"max_output_tokens": 100})
        reply = post(gateway)
        assert int(reply.headers["x-ratelimit-remaining-tokens"]) > 4800
        assert upstream.seen[-1].body["max_completion_tokens"] == 100
        assert reply.headers["x-hearth-max-tokens"] == "100; key"

    def test_a_stream_takes_more_while_it_runs(self, limited: Limited, house: House) -> None:
        gateway = limited(tokens_per_day=10_000)
        events = stream(gateway, length=2000)
        assert len(events) == 2001
        eventually(lambda: used(house, "tokens_per_day").settled == 2007, within=20)
        assert used(house, "tokens_per_day").reserved == 0

    def test_a_stream_ends_where_the_budget_does(
        self, limited: Limited, house: House, upstream: FaultyUpstream
    ) -> None:
        gateway = limited(tokens_per_day=1500)
        events = stream(gateway, length=100_000)
        assert events[-1]["error"]["code"] == "budget_exhausted"
        assert "1,500 tokens per day of key 'ci'" in events[-1]["error"]["message"]
        eventually(lambda: upstream.active == 0, within=20)
        [record] = house.wait_for_usage(1, within=20)
        assert record.completion_tokens == len(events) - 1
        assert record.error == "budget_exhausted"
        total = record.prompt_tokens + record.completion_tokens
        assert total <= 1500
        eventually(lambda: used(house, "tokens_per_day").settled == total, within=20)
        assert used(house, "parallel").reserved == 0

    @pytest.mark.parametrize(
        ("path", "body", "clean_end"),
        [
            (
                "messages",
                {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5000},
                "message_stop",
            ),
            ("responses", {"input": "hi", "max_output_tokens": 5000}, "response.completed"),
        ],
    )
    def test_the_end_is_said_in_the_words_of_the_client(
        self, limited: Limited, house: House, path: str, body: dict[str, Any], clean_end: str
    ) -> None:
        gateway = limited(tokens_per_day=1000)
        house.upstreams = [
            msgspec.structs.replace(each, speaks=["chat"]) for each in house.upstreams
        ]
        wait_until_known(gateway, house.publish(), within=20)
        reply = httpx.post(
            f"{gateway.url}/{path}",
            json={"model": "tiny", "stream": True, **body},
            headers=HEADERS,
            timeout=30,
            verify=NO_TLS,
        )
        assert "1,000 tokens per day of key 'ci'" in reply.text.splitlines()[-2]
        assert clean_end not in reply.text
        [record] = house.wait_for_usage(1, within=20)
        assert record.error == "budget_exhausted"
        assert 500 < record.prompt_tokens + record.completion_tokens <= 1000

    def test_a_stream_that_says_how_long_it_becomes_is_not_cut_at_its_end(
        self, limited: Limited
    ) -> None:
        gateway = limited(tokens_per_day=140)
        client = strict_openai(gateway)
        chunks = list(
            client.chat.completions.create(
                model="tiny",
                messages=[{"role": "user", "content": "hi"}],
                max_tokens=100,
                stream=True,
            )
        )
        assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) == 100


class TestRedisAway:
    @pytest.mark.parametrize(
        ("limits", "policy", "status"),
        [
            ({"tokens_per_day": 5000}, None, 503),
            ({"tokens_per_day": 5000}, "serve", 200),
            ({"requests_per_minute": 100}, None, 200),
            ({"requests_per_minute": 100}, "refuse", 503),
        ],
    )
    def test_the_policy_of_the_key_applies(
        self,
        limited: Limited,
        house: House,
        limits: dict[str, int],
        policy: str | None,
        status: int,
    ) -> None:
        gateway = limited(
            **limits, key={"when_redis_away": policy}, settings={"limits_wait_seconds": 0.2}
        )
        eventually(lambda: post(gateway).status_code == 200, within=20)
        house.redis.freeze()
        try:
            replies = [post(gateway) for _ in range(5)]
        finally:
            house.redis.thaw()
        assert {reply.status_code for reply in replies} == {status}
        if status == 503:
            assert error_of(replies[0])["code"] == "limits_unavailable"
            assert replies[0].headers["retry-after"] == "1"
        eventually(lambda: post(gateway).status_code == 200, within=20)

    def test_what_was_used_before_redis_lost_it_is_not_guessed(
        self, limited: Limited, house: House
    ) -> None:
        gateway = limited(tokens_per_day=5000)
        assert post(gateway).status_code == 200
        with house.redis.client() as client:
            client.delete(script.SEEDED_KEY)
            assert error_of(post(gateway))["code"] == "limits_unknown"
            counters.seed(client, [])
        assert post(gateway).status_code == 200
