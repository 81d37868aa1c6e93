"""The script that counts against a plain model of its rules, on a real Redis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.limits import script
from tests.gateway.harness import OwnRedis
from tests.gateway.limits_model import LEASE_MS, Held, Model, ModelHolder

NOON = 1_772_366_400_000  # 2026-03-01 12:00 UTC
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    server = OwnRedis(Path(tmp_path_factory.mktemp("script")))
    server.start()
    with server.client() as client:
        yield client
    server.kill()


class Caller:
    """A process that calls the script."""

    def __init__(self, client: redis.Redis, name: str, *, lease_ms: int = LEASE_MS) -> None:
        self._client = client
        self.name = name
        self._lease_ms = lease_ms
        self._seq = 0

    def call(
        self, holders: Any, *items: script.Item, now: int = NOON, **options: Any
    ) -> script.Answer:
        self._seq += 1
        argument = script.encode_call(
            holders,
            items,
            process=self.name,
            seq=self._seq,
            lease_ms=self._lease_ms,
            now_ms=now,
            **options,
        )
        raw: Any = self._client.eval(script.TEXT, 0, argument)
        return script.decode_answer(raw)

    def one(self, holders: Any, item: script.Item, **options: Any) -> Any:
        return self.call(holders, item, **options).results[0]


@pytest.fixture
def caller(client: redis.Redis) -> Caller:
    client.flushall()
    client.set(script.SEEDED_KEY, 1)
    return Caller(client, "one")


limit = st.sampled_from([-1, 2000, 700, 5000, 0, 1])
count = st.sampled_from([-1, 3, 100, 5, 1, 0])
holder_limits = st.tuples(count, count, limit, limit, limit)
amount = st.integers(0, 800)
step = st.one_of(
    st.tuples(st.just("reserve"), st.sampled_from("ab"), amount, amount),
    st.tuples(st.just("extend"), st.integers(0, 9), amount, amount),
    st.tuples(st.just("settle"), st.integers(0, 9), amount, st.just(0)),
    st.tuples(
        st.just("wait"), st.sampled_from([1, 4999, 5000, 31_000, 61_000, DAY_MS]), amount, amount
    ),
)


@pytest.mark.slow
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    limits=st.lists(holder_limits, min_size=1, max_size=3),
    steps=st.lists(step, min_size=4, max_size=30),
    lease_ms=st.sampled_from([LEASE_MS, 40 * DAY_MS]),
)
def test_the_script_follows_the_model(
    client: redis.Redis, limits: list[Any], steps: list[Any], lease_ms: int
) -> None:
    client.flushall()
    client.set(script.SEEDED_KEY, 1)
    _Both(client, limits, lease_ms).follow(steps)


class _Both:
    """The model and the script, taken through the same steps."""

    def __init__(self, client: redis.Redis, limits: list[tuple[int, ...]], lease_ms: int) -> None:
        self._client = client
        self._rows: list[Any] = [(f"holder:{n}", *each) for n, each in enumerate(limits)]
        self._chosen = tuple(range(1, len(limits) + 1))
        self._model = Model([ModelHolder(each) for each in limits], NOON, lease_ms)
        self._callers: dict[str, Caller] = {}
        self._held: list[tuple[Held, int]] = []
        self._names = {"a": "a", "b": "b"}
        self._looked: Any = None  # what the script saw right after the step, in the same call

    def follow(self, steps: list[Any]) -> None:
        for kind, who, first, second in steps:
            self._looked = None
            getattr(self, f"_{kind}")(who, first, second)
            self._compare()

    def _ask(self, process: str, item: script.Item) -> Any:
        self._model.call(process)
        if process not in self._callers:
            lease_ms = self._model.lease_ms
            self._callers[process] = Caller(self._client, process, lease_ms=lease_ms)
        look = (script.LOOK, self._chosen)
        answer = self._callers[process].call(self._rows, item, look, now=self._model.now)
        result, self._looked = answer.results
        return result

    def _reserve(self, who: str, want: int, least: int) -> None:
        if not self._model.alive(self._names[who]):
            self._names[who] += "'"
        name = self._names[who]
        want = max(want, least)
        result = self._ask(name, (script.RESERVE, self._chosen, want, least))
        held = self._model.reserve(name, want, least)
        assert (result[0] == 1) == (held is not None), result
        if held is not None:
            assert result[1] == held.tokens
            self._held.append((held, self._model.now))
        else:
            self._check_wait(result, least)

    def _check_wait(self, result: list[Any], need: int) -> None:
        """The window that is named refuses until the moment that is named. Then all of them fit,
        as far as running requests have ended."""
        _, index, window, _, _, wait = result[:6]
        holder, name = self._model.holders[index - 1], script.WINDOWS[window - 1]
        assert not holder.fits(need, self._model.now, windows=(name,))
        if wait == script.NEVER:
            assert max(need, 1) > holder.limits[window - 1]
            return
        ended = [ModelHolder(**{**vars(each), "held": []}) for each in self._model.holders]
        at = self._model.now + max(wait, 0)
        assert all(each.fits(need, at) for each in ended)
        if wait > 0:
            assert not ended[index - 1].fits(need, at - 1, windows=(name,))

    def _extend(self, which: int, want: int, least: int) -> None:
        found = self._running(which)
        if found is None:
            return
        held, _ = found
        want = max(want, least)
        result = self._ask(held.process, (script.EXTEND, self._chosen, want, least))
        granted = self._model.extend(held, want, least)
        assert (result[0] == 1) == (granted is not None), result
        if granted is not None:
            assert result[1] == granted

    def _settle(self, which: int, actual: int, _: int) -> None:
        found = self._running(which)
        if found is None:
            return
        held, began = found
        self._held.remove(found)
        slots = [number for pair in held.slots for number in pair]
        self._ask(
            held.process,
            (script.SETTLE, self._chosen, 1, held.tokens, actual, held.ringed, slots, began),
        )
        self._model.settle(held, actual, began)

    def _running(self, which: int) -> tuple[Held, int] | None:
        running = [each for each in self._held if self._model.alive(each[0].process)]
        return running[which % len(running)] if running else None

    def _wait(self, milliseconds: int, _: int, __: int) -> None:
        self._model.now += milliseconds

    def _compare(self) -> None:
        argument = script.encode_call(
            self._rows, [(script.LOOK, self._chosen)], now_ms=self._model.now
        )
        raw: Any = self._client.eval(script.TEXT, 0, argument)
        seen = script.decode_answer(raw).results[0]
        for holder, windows in zip(self._model.holders, seen, strict=True):
            holder.held = [
                h for h in holder.held if self._model.leases[h.process] > self._model.now
            ]
            used = [settled + reserved for settled, reserved, _ in windows]
            assert used == [holder.used(window, self._model.now) for window in script.WINDOWS]
        assert self._looked in (None, seen)


ROWS = [("key:1", 2, 10, 1000, 5000, 20_000), ("team:1", -1, -1, -1, 6000, -1)]
BOTH = (1, 2)


def test_no_window_is_taken_when_one_refuses(caller: Caller) -> None:
    rows = [("key:1", -1, 10, -1, -1, -1), ("team:1", -1, -1, 100, -1, -1)]
    assert caller.one(rows, (script.RESERVE, BOTH, 200, 200))[:3] == [0, 2, 3]
    assert caller.one(rows, (script.LOOK, (1,)))[0][1][:2] == [0, 0]


def test_of_several_windows_the_one_that_frees_last_is_named(caller: Caller) -> None:
    rows = [("key:1", 1, 1, -1, 300, -1)]
    assert caller.one(rows, (script.RESERVE, (1,), 300, 300))[0] == 1
    caller.one(rows, (script.SETTLE, (1,), 0, 300, 300, 300, (), NOON))
    refused = caller.one(rows, (script.RESERVE, (1,), 10, 10))
    assert refused[:6] == [0, 1, 4, 300, 0, DAY_MS // 2]


def test_months_and_days_begin_anew_in_utc(client: redis.Redis, caller: Caller) -> None:
    rows = [("key:1", -1, -1, -1, 5000, 6000)]
    last_of_month = NOON + 30 * DAY_MS
    caller.one(rows, (script.SETTLE, (1,), 0, 0, 4000, 4000, (), last_of_month), now=last_of_month)
    midnight = last_of_month + DAY_MS // 2
    at_night = Caller(client, "at-night")
    before = at_night.one(rows, (script.RESERVE, (1,), 2000, 2000), now=midnight - 1)
    assert before[:6] == [0, 1, 4, 4000, 0, 1]
    after = at_night.one(rows, (script.RESERVE, (1,), 3000, 3000), now=midnight)
    assert after[:2] == [1, 3000]


def test_tokens_count_for_the_day_on_which_the_request_began(caller: Caller) -> None:
    rows = [("key:1", -1, -1, -1, 5000, -1)]
    midnight = NOON + DAY_MS // 2
    caller.one(rows, (script.SETTLE, (1,), 0, 0, 700, 0, (), midnight - 1), now=midnight + 1)
    look = caller.one(rows, (script.LOOK, (1,)), now=midnight + 1)[0]
    assert look[3][0] == 0
    assert look[4][0] == 700


def test_what_was_used_before_is_not_guessed(client: redis.Redis, caller: Caller) -> None:
    client.delete(script.SEEDED_KEY)
    assert caller.one(ROWS, (script.RESERVE, BOTH, 10, 10)) == [2]
    assert caller.one(ROWS, (script.LOOK, (1,)))[0][3][0] == -1
    rates_only = [("key:2", 2, 10, 1000, -1, -1)]
    assert caller.one(rates_only, (script.RESERVE, (1,), 10, 10))[0] == 1


def test_a_seed_raises_what_is_counted_and_never_lowers_it(caller: Caller) -> None:
    day, month = NOON // DAY_MS, 12 * 2026 + 2
    caller.one(ROWS, (script.SETTLE, (1,), 0, 0, 500, 0, (), NOON))
    caller.one(ROWS, (script.SEED, (1,), day, 400, month, 900))
    look = caller.one(ROWS, (script.LOOK, (1,)))[0]
    assert (look[3][0], look[4][0]) == (500, 900)
    caller.one(ROWS, (script.SEED, (1,), day - 1, 4000, month - 1, 9000))
    assert caller.one(ROWS, (script.LOOK, (1,)))[0][3][0] == 500


def test_a_name_that_was_given_up_does_nothing_any_more(
    client: redis.Redis, caller: Caller
) -> None:
    caller.one(ROWS, (script.RESERVE, BOTH, 10, 10))
    heir = Caller(client, "heir")
    answer = heir.call(ROWS, (script.LOOK, (1,)), ended=["one", "unheard"])
    assert answer.ended_seqs == [1, 0]
    assert answer.results[0][0][0][:2] == [0, 0]
    assert caller.call(ROWS, (script.RESERVE, BOTH, 10, 10)).lost
    assert Caller(client, "unheard").call(ROWS, (script.RESERVE, BOTH, 10, 10)).lost


def test_what_a_silent_process_had_reserved_is_free_after_its_lease(
    client: redis.Redis, caller: Caller
) -> None:
    rows = [("key:1", 1, -1, -1, 100, -1)]
    assert caller.one(rows, (script.RESERVE, (1,), 100, 100))[0] == 1
    other = Caller(client, "other")
    assert other.one(rows, (script.RESERVE, (1,), 10, 10), now=NOON + LEASE_MS - 1)[0] == 0
    assert other.one(rows, (script.RESERVE, (1,), 10, 10), now=NOON + LEASE_MS)[0] == 1
    assert caller.call(rows, (script.LOOK, (1,)), now=NOON + LEASE_MS).lost


def test_notices_come_once_a_window_and_again_after_a_raise(
    client: redis.Redis, caller: Caller
) -> None:
    def settle(tokens: int, limit: int) -> list[tuple[bytes, bytes, bytes]]:
        rows = [("key:1", -1, -1, -1, limit, -1)]
        caller.one(rows, (script.SETTLE, (1,), 0, 0, tokens, tokens, (), NOON))
        noticed: Any = client.xrange(script.NOTICES_STREAM)
        return [(f[b"window"], f[b"percent"], f[b"period"]) for _, f in noticed]

    day = b"2026-03-01"
    assert settle(799, 1000) == []
    assert settle(1, 1000) == [(b"day", b"80", day)]
    assert settle(100, 1000) == [(b"day", b"80", day)]
    assert settle(200, 1000)[1:] == [(b"day", b"100", day)]
    assert len(settle(0, 2000)) == 2
    assert settle(600, 2000)[2:] == [(b"day", b"80", day)]


def test_a_budget_that_turns_requests_away_is_told_of_as_used_up(
    client: redis.Redis, caller: Caller
) -> None:
    rows = [("key:1", -1, -1, -1, 1000, -1)]

    def noticed() -> list[tuple[bytes, bytes]]:
        found: Any = client.xrange(script.NOTICES_STREAM)
        return [(fields[b"window"], fields[b"percent"]) for _, fields in found]

    caller.one(rows, (script.SETTLE, (1,), 0, 0, 850, 850, (), NOON))
    assert caller.one(rows, (script.RESERVE, (1,), 200, 200))[0] == 0
    assert noticed() == [(b"day", b"80")]  # a large request; smaller ones are still served
    caller.one(rows, (script.SETTLE, (1,), 0, 0, 100, 100, (), NOON))
    for _ in range(2):
        assert caller.one(rows, (script.RESERVE, (1,), 60, 60))[0] == 0
    assert noticed() == [(b"day", b"80"), (b"day", b"100")]
    caller.one(rows, (script.SETTLE, (1,), 0, 0, 50, 50, (), NOON))
    assert len(noticed()) == 2


def test_a_document_nobody_can_read_begins_anew(client: redis.Redis, caller: Caller) -> None:
    client.set(script.PREFIX + "key:1", b"\xc1 not ours")
    assert caller.one(ROWS, (script.RESERVE, BOTH, 10, 10))[0] == 1
