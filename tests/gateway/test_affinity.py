"""What belongs together, and that it finds the same place again."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.affinity import affinity_key, favourite, rank, seed_of

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SYSTEM = {"role": "system", "content": "You are a coder. " * 40}
LONG_SYSTEM = {"role": "system", "content": "You are a coder. " * 400}
TOOLS = [{"type": "function", "function": {"name": "read", "parameters": {}}}]


def turns(first: str, count: int, system: dict[str, str] = SYSTEM) -> list[dict[str, str]]:
    said = [system, {"role": "user", "content": first}]
    for number in range(count):
        said.append({"role": "assistant", "content": f"Answer {number}."})
        said.append({"role": "user", "content": f"Question {number}?"})
    return said


def key(kind: Any, body: Any, *, header: bytes = b"", key_id: int | None = 1) -> int | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [(b"x-session-id", header)] if header else []
    return affinity_key(kind, raw, headers, team_id=1, key_id=key_id)


class TestSessions:
    @pytest.mark.parametrize(
        "named",
        [
            {"user": "anna"},
            {"metadata": {"user_id": "anna"}},
            {"metadata": {"session_id": "anna", "other": 3}},
            {"prompt_cache_key": "anna"},
            {"session_id": "anna"},
        ],
    )
    def test_a_name_in_the_body(self, named: dict[str, Any]) -> None:
        first = key("session", {"messages": turns("One", 0), **named})
        other = key("session", {"messages": turns("Two", 5), **named}, key_id=2)

        assert first is not None
        assert first == other

    def test_a_header_comes_first(self) -> None:
        assert key("session", {"user": "a"}, header=b"s1") == key("session", {}, header=b"s1")
        assert key("session", {"user": "a"}, header=b"s1") != key("session", {"user": "a"})

    def test_of_another_team_it_is_another(self) -> None:
        mine = affinity_key("session", b"{}", [(b"x-session-id", b"s")], team_id=1, key_id=1)
        theirs = affinity_key("session", b"{}", [(b"x-session-id", b"s")], team_id=2, key_id=1)

        assert mine != theirs

    def test_without_a_name_the_conversation_is_known_by_how_it_began(self) -> None:
        grown = [key("session", {"messages": turns("Hello", count)}) for count in range(4)]

        assert len(set(grown)) == 1
        assert grown[0] != key("session", {"messages": turns("Goodbye", 0)})
        assert grown[0] != key("session", {"messages": turns("Hello", 0)}, key_id=2)


class TestPrefixes:
    def test_turns_of_one_conversation(self) -> None:
        grown = {key("prefix", {"messages": turns("Hi", n), "tools": TOOLS}) for n in range(4)}

        assert len(grown) == 1

    def test_who_shares_long_instructions(self) -> None:
        one = key("prefix", {"messages": turns("One", 0, LONG_SYSTEM)}, key_id=1)

        assert one == key("prefix", {"messages": turns("Two", 3, LONG_SYSTEM)}, key_id=2)
        assert one != key("prefix", {"messages": turns("One", 0, LONG_SYSTEM), "tools": TOOLS})

    @pytest.mark.parametrize(
        "body",
        [
            {"prompt": "Once upon a time"},
            {"system": "You are kind.", "messages": [{"role": "user", "content": "Hi"}]},
            {"instructions": "You are kind.", "input": "Hi"},
            {"input": [{"role": "user", "content": "Hi"}]},
        ],
    )
    def test_in_every_dialect(self, body: dict[str, Any]) -> None:
        assert key("prefix", body) == key("prefix", {**body, "temperature": 1})
        assert key("prefix", body) is not None

    @pytest.mark.parametrize("body", [b"", b"--form\r\n", b"[]", b"{}"])
    def test_what_cannot_be_read_belongs_nowhere(self, body: bytes) -> None:
        assert key("prefix", body) is None
        assert key("none", body) is None


class TestRanking:
    names = [f"replica:{number}" for number in range(5)]

    def order(self, key: int, names: list[str], weights: list[float] | None = None) -> list[str]:
        seeds = [seed_of(name) for name in names]
        return rank(key, names, seeds, weights or [1.0] * len(names))

    @QUICK
    @given(st.integers(0, 2**64 - 1), st.randoms(use_true_random=False))
    def test_the_order_of_the_table_does_not_matter(self, key: int, chance: Any) -> None:
        mixed = self.names[:]
        chance.shuffle(mixed)

        assert self.order(key, mixed) == self.order(key, self.names)

    @QUICK
    @given(st.integers(0, 2**64 - 1), st.integers(0, 4))
    def test_who_leaves_takes_only_its_own_along(self, key: int, gone: int) -> None:
        left = [name for name in self.names if name != self.names[gone]]

        before = [name for name in self.order(key, self.names) if name != self.names[gone]]

        assert self.order(key, left) == before

    @QUICK
    @given(st.integers(0, 2**64 - 1), st.lists(st.floats(0.1, 100.0), min_size=5, max_size=5))
    def test_the_favourite_is_the_first(self, key: int, weights: list[float]) -> None:
        seeds = [seed_of(name) for name in self.names]

        assert favourite(key, self.names, seeds, weights) == self.order(key, self.names, weights)[0]

    def test_everybody_gets_a_fair_share(self) -> None:
        favourites = [self.order(seed_of(str(key)), self.names)[0] for key in range(2000)]

        assert all(300 < favourites.count(name) < 500 for name in self.names)

    def test_by_weight(self) -> None:
        pair, weights = self.names[:2], [3.0, 1.0]

        favourites = [self.order(seed_of(str(key)), pair, weights)[0] for key in range(2000)]

        assert 1400 < favourites.count(pair[0]) < 1600
