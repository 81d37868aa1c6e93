"""A circuit on paper: what opens it, what closes it, and how long it takes."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from apps.gateway.dataplane.health import Load

BEFORE = 1000.0  # monotonic seconds
MINE, YOURS = object(), object()


def fail(load: Load, *, cause: str = "refused", times: int = 1, now: float = BEFORE) -> bool:
    opened = False
    for _ in range(times):
        load.begin(MINE)
        opened = load.failed(cause, "is away", by=MINE, now=now, dwell=1.0)  # type: ignore[arg-type]
        load.end(MINE)
    return opened


def opened(now: float = BEFORE) -> Load:
    load = Load()
    assert fail(load, times=5, now=now)
    return load


class TestOpening:
    def test_the_fifth_failure_in_a_row(self) -> None:
        load = Load()

        assert not fail(load, times=4)
        assert load.blocked_until == 0
        assert fail(load)
        assert (load.state, load.reason) == ("open", "is away")
        assert load.why_blocked(BEFORE + 1e9) == "refused"

    def test_a_success_between_starts_the_row_anew(self) -> None:
        load = Load()
        for number in range(20):
            now = BEFORE + 11 * number
            fail(load, times=4, now=now)
            load.begin(MINE)
            load.succeeded(MINE, now)
            load.end(MINE)

        assert load.state == "closed"

    def test_half_of_many_within_ten_seconds(self) -> None:
        load = Load()
        for number in range(10):
            load.begin(YOURS)
            load.succeeded(YOURS, BEFORE)
            load.end(YOURS)
            fail(load, now=BEFORE + number / 10)

        assert load.state == "open"

    def test_a_few_of_very_many_do_not(self) -> None:
        load = Load()
        for number in range(12):
            for _ in range(3):
                load.begin(YOURS)
                load.succeeded(YOURS, BEFORE)
                load.end(YOURS)
            fail(load, now=BEFORE + number / 10)

        assert load.state == "closed"

    def test_two_time_outs_are_enough(self) -> None:
        load = Load()

        assert not fail(load, cause="timeout")
        assert fail(load, cause="timeout")

    def test_one_failure_makes_doubtful_for_a_moment(self) -> None:
        load = Load()
        fail(load)

        assert BEFORE < load.doubted_until <= BEFORE + 5
        assert load.why_blocked(BEFORE) is None


class TestClosing:
    def test_a_probe_makes_it_half_open_and_one_request_closes_it(self) -> None:
        load = opened()
        load.probed("", now=BEFORE + 1, again_after=3)
        assert (load.state, load.blocked_until) == ("half_open", 0)

        load.begin(MINE)
        assert load.why_blocked(BEFORE + 1) == "refused"  # one at a time
        assert load.succeeded(MINE, BEFORE + 1)

        assert (load.state, load.why_blocked(BEFORE + 1)) == ("closed", None)

    def test_a_probe_that_fails_leaves_it_open_for_another_while(self) -> None:
        load = opened()
        load.probed("answered 503 to a probe", now=BEFORE + 1, again_after=3)

        assert (load.state, load.reason) == ("open", "answered 503 to a probe")
        assert load.probe_at >= BEFORE + 4

    def test_a_request_from_before_says_nothing(self) -> None:
        load = Load()
        load.begin(YOURS)
        fail(load, times=5)

        assert not load.succeeded(YOURS, BEFORE)
        assert not load.failed("refused", "late", by=YOURS, now=BEFORE, dwell=1)
        assert (load.state, load.reason) == ("open", "is away")

    def test_a_trial_without_a_verdict_leaves_its_place(self) -> None:
        load = opened()
        load.probed("", now=BEFORE + 1, again_after=3)
        load.begin(MINE)
        load.end(MINE)  # the client left

        assert load.why_blocked(BEFORE + 1) is None
        assert load.inflight == 0


class TestFlapping:
    def test_each_opening_lasts_longer_than_the_one_before(self) -> None:
        load = opened()
        lengths = [load.probe_at - BEFORE]
        now = BEFORE
        for _ in range(8):
            now = load.probe_at
            load.probed("", now=now, again_after=3)
            fail(load, now=now)
            lengths.append(load.probe_at - now)

        assert 1 <= lengths[0] <= 1.1
        assert all(later > sooner * 1.7 for sooner, later in pairwise(lengths[:6]))
        assert 60 <= lengths[-1] <= 66

    def test_closing_in_between_does_not_reset_it(self) -> None:
        load = opened()
        load.probed("", now=BEFORE + 1, again_after=3)
        load.begin(MINE)
        load.succeeded(MINE, BEFORE + 1)
        load.end(MINE)
        fail(load, times=5, now=BEFORE + 2)

        assert load.probe_at >= BEFORE + 2 + 2

    def test_a_calm_minute_does(self) -> None:
        load = opened()
        load.probed("", now=BEFORE + 1, again_after=3)
        load.begin(MINE)
        load.succeeded(MINE, BEFORE + 1)
        load.end(MINE)
        fail(load, times=5, now=BEFORE + 100)

        assert load.probe_at < BEFORE + 100 + 1.2


class TestResting:
    def test_a_429_keeps_requests_away_for_as_long_as_it_asked(self) -> None:
        load = Load()
        load.rest(7, BEFORE)

        assert load.why_blocked(BEFORE + 6.9) == "429"
        assert load.why_blocked(BEFORE + 7) is None
        assert load.state == "closed"

    def test_but_not_for_a_day(self) -> None:
        load = Load()
        load.rest(86_400, BEFORE)

        assert load.why_blocked(BEFORE + 301) is None


class TestTheLastResort:
    def test_one_at_a_time_after_refusals_and_none_after_time_outs(self) -> None:
        refused, hung = opened(), Load()
        fail(hung, cause="timeout", times=2)

        assert refused.may_be_tried_anyway()
        refused.begin(MINE)
        assert not refused.may_be_tried_anyway()
        assert not hung.may_be_tried_anyway()

    def test_its_success_closes_the_circuit(self) -> None:
        load = opened()
        load.begin(MINE)

        assert load.succeeded(MINE, BEFORE + 0.1)
        assert load.state == "closed"


class AnyHistory(RuleBasedStateMachine):
    """Requests, failures, leavers and probes in any order: it is never stuck, never overrun."""

    def __init__(self) -> None:
        super().__init__()
        self.load = Load()
        self.now = BEFORE
        self.running: list[object] = []

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_request_comes(self) -> None:
        if self.load.why_blocked(self.now) is None:
            request = object()
            self.load.begin(request)
            self.running.append(request)

    @rule()
    def one_is_tried_anyway(self) -> None:
        if self.load.may_be_tried_anyway():
            request = object()
            self.load.begin(request)
            self.running.append(request)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), end=st.sampled_from(["well", "refused", "5xx", "timeout", "left", "429"]))
    def a_request_ends(self, data: st.DataObject, end: Any) -> None:
        request = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        if end == "well":
            self.load.succeeded(request, self.now)
        elif end == "429":
            self.load.rest(5, self.now)
        elif end != "left":
            self.load.failed(end, "failed", by=request, now=self.now, dwell=1.0)
        self.load.end(request)

    @rule(problem=st.sampled_from(["", "is away"]))
    def a_probe_comes_back(self, problem: str) -> None:
        if self.load.state == "open" and self.load.probe_at <= self.now:
            self.load.probed(problem, now=self.now, again_after=3)

    @invariant()
    def it_counts_what_runs(self) -> None:
        assert self.load.inflight == len(self.running)
        assert self.load.trial is None or self.load.trial in self.running

    @invariant()
    def an_open_one_is_closed_to_requests_and_will_be_probed(self) -> None:
        if self.load.state == "open":
            assert self.load.why_blocked(self.now) is not None
            assert self.load.probe_at <= self.now + 66
        elif self.load.trial is None:
            assert self.load.blocked_until <= self.now + 300

    @invariant()
    def there_is_a_way_back(self) -> None:
        load = replace(self.load, trial=None)
        request = object()
        load.probed("", now=self.now, again_after=3)
        load.begin(request)
        load.succeeded(request, self.now)
        assert load.state == "closed"


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
