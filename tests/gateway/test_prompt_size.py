"""A bound that may be low and must not be high."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.prompt_size import BYTES_PER_TOKEN_AT_LEAST, least_tokens

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = "the quick brown fox jumps over the lazy dog " * 1000  # 9,000 words, about as many tokens


def size(body: Any) -> int:
    return least_tokens(json.dumps(body).encode())


class TestBound:
    @pytest.mark.parametrize(
        "body",
        [
            {"prompt": WORDS},
            {"input": WORDS},
            {"system": WORDS, "messages": []},
            {"messages": [{"role": "user", "content": WORDS}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": WORDS}]}]},
        ],
    )
    def test_words_count_half(self, body: dict[str, Any]) -> None:
        assert size(body) == 4500

    def test_text_without_spaces_counts_by_its_letters(self) -> None:
        assert 90 < size({"prompt": "这是一个很长的提示" * 120}) < 110

    @pytest.mark.parametrize(
        "body",
        [
            {"messages": [{"role": "assistant", "content": None, "reasoning_content": WORDS}]},
            {"messages": [], "tools": [{"description": WORDS}]},
            {
                "messages": [
                    {"content": [{"type": "image_url", "image_url": {"url": "data:" + "A" * 9000}}]}
                ]
            },
            {"prompt": " " * 9000},
            {"prompt": "-" * 9000},
            {"input": [WORDS, WORDS]},
            {"messages": 3},
        ],
    )
    def test_what_may_be_left_out_does_not_count(self, body: dict[str, Any]) -> None:
        assert size(body) == 0

    def test_what_is_no_json(self) -> None:
        assert least_tokens(b"--form\r\n") == 0

    @QUICK
    @given(st.text())
    def test_never_more_than_the_bytes_allow(self, text: str) -> None:
        """So that the length of a body alone tells most often that there is nothing to measure."""
        body = json.dumps({"messages": [{"content": text}]}).encode()

        assert least_tokens(body) * BYTES_PER_TOKEN_AT_LEAST <= len(body)
