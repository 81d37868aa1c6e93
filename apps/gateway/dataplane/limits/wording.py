"""What a limit that refuses says to a person, and what headers say to a program. Pure."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.limits.holders import Holder
from apps.gateway.dataplane.limits.script import NEVER, RUNNING, WINDOWS, Window

Headers = list[tuple[bytes, bytes]]

_PER: dict[Window, str] = {
    "parallel": "requests at a time",
    "requests_per_minute": "requests per minute",
    "tokens_per_minute": "tokens per minute",
    "tokens_per_day": "tokens per day",
    "tokens_per_month": "tokens per month",
}
_BUDGETS: dict[Window, str] = {"tokens_per_day": "day", "tokens_per_month": "month"}
_WAIT_FOR_RUNNING_SECONDS = 1


class LimitReached(GatewayError):
    """`window` and `holder` are what refused; `seconds` until it fits, None when it never does."""

    def __init__(
        self, message: str, *, code: str, holder: Holder, window: Window, seconds: int | None
    ) -> None:
        super().__init__(429, code, message, retry_after=seconds)
        self.holder = holder
        self.window: Window = window
        self.tightest: list[int] = []  # what headers say


def refusal(holders: Sequence[Holder], result: Sequence[Any], need: int) -> LimitReached:
    """The error for a result of the script that refuses."""
    holder, window = holders[result[1] - 1], WINDOWS[result[2] - 1]
    settled, reserved, wait = result[3:6]
    limit = holder.limits[result[2] - 1]
    what = f"The limit of {limit:,} {_PER[window]} of {holder.label} is reached"
    seconds: int | None = _seconds(wait)
    code = "budget_exhausted" if window in _BUDGETS else "rate_limit_exceeded"
    if wait == NEVER:
        seconds, code = None, "request_exceeds_limit"
    if window == "parallel":
        message = f"{what}: {reserved:,} are running."
    elif window == "requests_per_minute":
        message = f"{what}: {settled:,} were sent in the last minute."
    else:
        message = (
            f"{what}: {settled:,} are used and {reserved:,} reserved for running requests, "
            f"and this one needs about {need:,}."
        )
    return LimitReached(
        f"{message} {_frees(window, wait)}",
        code=code, holder=holder, window=window, seconds=seconds,
    )  # fmt: skip


def _frees(window: Window, wait: int) -> str:
    if wait == NEVER and window in ("parallel", "requests_per_minute"):
        return "Nothing fits; raise the limit on the Keys page."
    if wait == NEVER:
        return "It can never fit: send a shorter request, or raise the limit on the Keys page."
    if wait == RUNNING:
        return "There is room as soon as a running request ends."
    if window in _BUDGETS:
        at = datetime.now(UTC) + timedelta(milliseconds=wait)
        return (
            f"The next {_BUDGETS[window]} begins in {_duration(wait)}, at {at:%Y-%m-%d} 00:00 UTC."
        )
    return f"It fits in {_duration(wait)}."


def _seconds(wait: int) -> int:
    return _WAIT_FOR_RUNNING_SECONDS if wait < 0 else max(1, math.ceil(wait / 1000))


def _duration(milliseconds: int) -> str:
    """`1s`, `6m0s`, `15h4m0s`: as OpenAI writes it, rounded up."""
    minutes, seconds = divmod(math.ceil(max(milliseconds, 0) / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


@lru_cache(maxsize=4096)
def _written(seconds: int) -> bytes:
    return _duration(seconds * 1000).encode()


def headers(holders: Sequence[Holder], tightest: Sequence[int]) -> Headers:
    """OpenAI's six, of whoever has least left: {index, left, reset} and {index, window, left, …}.

    Where no minute is limited but a day or a month is, the tokens are those.
    """
    told = []
    r_index, r_left, r_reset, t_index, t_window, t_left, t_reset = tightest
    if r_index:
        told += [
            (b"x-ratelimit-limit-requests", b"%d" % holders[r_index - 1].limits[1]),
            (b"x-ratelimit-remaining-requests", b"%d" % max(r_left, 0)),
            (b"x-ratelimit-reset-requests", _written(-(-r_reset // 1000))),
        ]
    if t_index:
        told += [
            (b"x-ratelimit-limit-tokens", b"%d" % holders[t_index - 1].limits[t_window - 1]),
            (b"x-ratelimit-remaining-tokens", b"%d" % max(t_left, 0)),
            (b"x-ratelimit-reset-tokens", _written(-(-t_reset // 1000))),
        ]
    return told


def anthropic_headers(holders: Sequence[Holder], tightest: Sequence[int], now: float) -> Headers:
    """The same as Anthropic's clients read it; a reset is a time of day."""
    told = []
    r_index, r_left, r_reset, t_index, t_window, t_left, t_reset = tightest
    for index, window, left, reset, kind in (
        (r_index, 2, r_left, r_reset, b"requests"),
        (t_index, t_window, t_left, t_reset, b"tokens"),
    ):
        if index:
            at = datetime.fromtimestamp(math.ceil(now + reset / 1000), UTC)
            begin = b"anthropic-ratelimit-" + kind
            told += [
                (begin + b"-limit", b"%d" % holders[index - 1].limits[window - 1]),
                (begin + b"-remaining", b"%d" % max(left, 0)),
                (begin + b"-reset", at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()),
            ]
    return told
