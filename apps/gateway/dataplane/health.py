"""Whether an endpoint works, judged by what it does: a circuit that opens and closes. Pure.

closed --failures--> open --its least time is over and a probe is answered--> half-open
half-open --one request, the trial, is answered--> closed; --it is not--> open, for longer

Failures that open a circuit: five in a row, or half of at least ten within ten seconds, or two
time-outs in a row, because each of those has cost somebody minutes. A 429 opens nothing: the
endpoint is left alone for as long as it asked while anybody else can answer. A reply about the
request itself (400, 404, 413) is an answer like any other.
"""

import math
import random
import time
from dataclasses import dataclass
from typing import Literal

from apps.gateway.dataplane.errors import Cause

CircuitState = Literal["closed", "open", "half_open"]

_IN_A_ROW = 5
_TIMEOUTS_IN_A_ROW = 2
_WINDOW_SECONDS = 10.0
_WINDOW_FAILURES = 10
_WINDOW_SHARE = 0.5
_DOUBT_SECONDS = 2.0
_CALM_SECONDS = 60.0  # closed for so long: the next opening is a first one again
_LONGEST_DWELL_SECONDS = 60.0
_LONGEST_REST_SECONDS = 300.0


@dataclass(slots=True)
class Load:
    """What this process knows of one endpoint. Outlives the tables it appears in.

    Times are monotonic seconds, except `since`, which is for people: unix seconds.
    """

    inflight: int = 0
    attempts: int = 0
    answered_at: float = 0.0
    blocked_until: float = 0.0  # nothing is sent before; infinite while the circuit is open
    doubted_until: float = 0.0  # it failed or went silent a moment ago: others first
    troubled: bool = False  # whether a success has anything to put right
    state: CircuitState = "closed"
    since: float = 0.0
    cause: Cause = "refused"
    reason: str = ""
    trial: object | None = None  # whose request finds out
    openings: int = 0
    probe_at: float = 0.0
    _rest_until: float = 0.0
    _in_a_row: int = 0
    _timeouts: int = 0
    _failures: int = 0
    _window_from: float = 0.0
    _attempts_before: int = 0
    _closed_at: float = -math.inf

    def begin(self, by: object) -> None:
        """A request is sent there. On a circuit that is not closed it is the trial."""
        self.inflight += 1
        self.attempts += 1
        if self.state != "closed":
            self.trial = by
            self.blocked_until = math.inf

    def end(self, by: object) -> None:
        """The request is over. A trial without a verdict leaves its place to the next."""
        self.inflight -= 1
        if self.trial is by:
            self.trial = None
            if self.state == "half_open":
                self.blocked_until = self._rest_until

    def succeeded(self, by: object, now: float) -> bool:
        """Worth calling while `troubled`. Whether the circuit has closed by it."""
        if self.state != "closed" and self.trial is not by:
            return False  # it was sent before the trouble began
        self._in_a_row = self._timeouts = 0
        self.troubled = False
        if self.state == "closed":
            return False
        self.trial = None
        self.blocked_until = self._rest_until
        self.doubted_until = 0.0
        self._closed_at = now
        self._window_from = 0.0
        self._enter("closed")
        return True

    def failed(self, cause: Cause, reason: str, *, by: object, now: float, dwell: float) -> bool:
        """Whether the circuit is open now because of it. `dwell`: its first least time open."""
        self.doubted_until = now + _DOUBT_SECONDS
        self.troubled = True
        if self.state != "closed":
            if self.trial is by:
                self._open(cause, reason, now, dwell)
            return self.trial is by
        self._count(cause, now)
        if not self._is_too_much(now):
            return False
        if now - self._closed_at > _CALM_SECONDS:
            self.openings = 0
        self._open(cause, reason, now, dwell)
        return True

    def _count(self, cause: Cause, now: float) -> None:
        self._in_a_row += 1
        self._timeouts = self._timeouts + 1 if cause == "timeout" else 0
        if now - self._window_from > _WINDOW_SECONDS:
            self._window_from = now
            self._failures = 0
            self._attempts_before = self.attempts - 1
        self._failures += 1

    def _is_too_much(self, now: float) -> bool:
        if self._in_a_row >= _IN_A_ROW or self._timeouts >= _TIMEOUTS_IN_A_ROW:
            return True
        attempts = max(1, self.attempts - self._attempts_before)
        return (
            self._failures >= _WINDOW_FAILURES
            and now - self._window_from <= _WINDOW_SECONDS
            and self._failures / attempts >= _WINDOW_SHARE
        )

    def _open(self, cause: Cause, reason: str, now: float, dwell: float) -> None:
        again = self.state != "closed"
        self.cause, self.reason = cause, reason
        self.trial = None
        self.blocked_until = math.inf
        least = min(_LONGEST_DWELL_SECONDS, dwell * 2.0 ** min(self.openings, 10))
        self.probe_at = now + least * random.uniform(1.0, 1.1)  # noqa: S311
        self.openings += 1
        self._in_a_row = self._timeouts = self._failures = 0
        self._window_from = 0.0
        self._enter("open", keep_since=again)

    def probed(self, problem: str, *, now: float, again_after: float) -> None:
        """What a probe of the open circuit found; `problem` is empty when it was answered."""
        if self.state != "open":
            return
        if problem:
            self.reason = problem
            self.probe_at = now + again_after * random.uniform(1.0, 1.1)  # noqa: S311
            return
        if self.trial is None:
            self.blocked_until = self._rest_until
        self._enter("half_open")

    def rest(self, seconds: float, now: float) -> None:
        """It asked to be left alone: a 429 with Retry-After."""
        self._rest_until = now + min(seconds, _LONGEST_REST_SECONDS)
        if self.state == "closed":
            self.blocked_until = self._rest_until

    def doubt(self, now: float) -> None:
        """Others first for a moment; nothing is held against it."""
        self.doubted_until = max(self.doubted_until, now + _DOUBT_SECONDS)

    def may_be_tried_anyway(self) -> bool:
        """Whether a request may go there although it is passed over, when nobody else is left.

        One at a time while the circuit is open: to hear a refusal again costs nothing, and it may
        be over. A time-out costs minutes. Who rests after a 429 can say so itself.
        """
        return self.state == "closed" or (self.trial is None and self.cause != "timeout")

    def why_blocked(self, now: float) -> Cause | None:
        """The kind of failure it is passed over for, or None when it is not."""
        if self.blocked_until <= now:
            return None
        return "429" if self.state == "closed" else self.cause

    def _enter(self, state: CircuitState, *, keep_since: bool = False) -> None:
        self.state = state
        if not keep_since:
            self.since = time.time()
