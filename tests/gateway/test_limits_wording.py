"""What limits say, and what requests are estimated to need."""

import base64

import pytest

from apps.gateway.dataplane.limits import estimate, script, wording
from apps.gateway.dataplane.limits.holders import key_holder, shared_holder
from apps.gateway.dataplane.snapshot import HolderEntry, Limits

ALL = Limits(
    requests_per_minute=60,
    tokens_per_minute=5000,
    parallel=4,
    tokens_per_day=100_000,
    tokens_per_month=2_000_000,
)
KEY = key_holder(key_id=3, name="ci", limits=ALL)
TEAM = shared_holder(HolderEntry("team", 1, 1, ALL, "Ours"))
PARALLEL, REQUESTS, MINUTE, DAY, MONTH = range(1, 6)


def refused(
    window: int, wait: int, *, settled: int = 4800, reserved: int = 150
) -> wording.LimitReached:
    return wording.refusal((KEY, TEAM), [0, 1, window, settled, reserved, wait], 300)


class TestRefusal:
    def test_it_names_limit_level_amounts_and_time(self) -> None:
        error = refused(MINUTE, 11_001)
        assert error.message == (
            "The limit of 5,000 tokens per minute of key 'ci' is reached: 4,800 are used and 150 "
            "reserved for running requests, and this one needs about 300. It fits in 12s."
        )
        assert (error.status, error.code) == (429, "rate_limit_exceeded")
        assert error.retry_after == 12

    def test_a_budget_says_when_its_next_period_begins(self) -> None:
        error = refused(DAY, 3_600_000)
        assert "The next day begins in 1h0m0s, at 20" in error.message
        assert error.code == "budget_exhausted"
        assert error.retry_after == 3600
        assert "The next month begins" in refused(MONTH, 3_600_000).message

    @pytest.mark.parametrize("window", [PARALLEL, MINUTE, DAY])
    def test_what_frees_as_requests_end(self, window: int) -> None:
        error = refused(window, script.RUNNING)
        assert error.message.endswith("There is room as soon as a running request ends.")
        assert error.retry_after == 1

    @pytest.mark.parametrize("window", [PARALLEL, REQUESTS, MINUTE, DAY, MONTH])
    def test_what_never_fits_has_no_time(self, window: int) -> None:
        error = refused(window, script.NEVER)
        assert (error.code, error.retry_after) == ("request_exceeds_limit", None)
        assert "raise the limit" in error.message

    def test_a_name_may_be_missing(self) -> None:
        nameless = key_holder(key_id=3, name="", limits=ALL)
        assert "of key 3 is" in wording.refusal((nameless,), [0, 1, 2, 60, 0, 5], 1).message


class TestHeaders:
    def test_who_has_least_left_is_named(self) -> None:
        told = dict(wording.headers((KEY, TEAM), [1, 59, 61_000, 2, DAY, 900, 3_661_000]))
        assert told == {
            b"x-ratelimit-limit-requests": b"60",
            b"x-ratelimit-remaining-requests": b"59",
            b"x-ratelimit-reset-requests": b"1m1s",
            b"x-ratelimit-limit-tokens": b"100000",
            b"x-ratelimit-remaining-tokens": b"900",
            b"x-ratelimit-reset-tokens": b"1h1m1s",
        }

    def test_nothing_is_left_of_less_than_nothing(self) -> None:
        told = dict(wording.headers((KEY,), [0, 0, 0, 1, MINUTE, -40, 1]))
        assert told[b"x-ratelimit-remaining-tokens"] == b"0"
        assert told[b"x-ratelimit-reset-tokens"] == b"1s"
        assert b"x-ratelimit-limit-requests" not in told

    def test_anthropic_reads_a_time_of_day(self) -> None:
        told = dict(wording.anthropic_headers((KEY,), [1, 5, 1500, 0, 0, 0, 0], 1_772_366_400.0))
        assert told == {
            b"anthropic-ratelimit-requests-limit": b"60",
            b"anthropic-ratelimit-requests-remaining": b"5",
            b"anthropic-ratelimit-requests-reset": b"2026-03-01T12:00:02Z",
        }


class TestEstimate:
    def test_text_counts_by_its_bytes(self) -> None:
        assert estimate.prompt_tokens(b'{"model": "tiny", "x": "' + b"a" * 374 + b'"}') == 100

    @pytest.mark.parametrize(
        "picture",
        [
            b'{"type":"image_url","image_url":{"url":"data:image/png;base64,%s"}}',
            b'{"type":"image","source":{"type":"base64","data":"%s"}}',
        ],
    )
    def test_a_picture_is_not_its_bytes(self, picture: bytes) -> None:
        large = base64.b64encode(bytes(600_000))
        assert 1000 <= estimate.prompt_tokens(b'{"x":[' + picture % large + b"]}") < 1100

    def test_sound_in_a_form_is_not_its_bytes(self) -> None:
        assert estimate.prompt_tokens(b"--boundary\r\n" + bytes(1_000_000)) < 1000

    @pytest.mark.parametrize(
        ("body", "choices"),
        [
            (b'{"n": 4}', 4),
            (b'{"n":1}', 1),
            (b'{"n":0}', 1),
            (b'{"n":null}', 1),
            (b'{"model":"tiny"}', 1),
            (b'{"content":"say \\"n\\": 7"}', 1),
        ],
    )
    def test_answers_at_once(self, body: bytes, choices: int) -> None:
        assert estimate.choices(body) == choices
