"""Who has limits: a key, a person, a team. A request counts for each of them that has any."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from apps.gateway.dataplane.limits.script import HolderRow
from apps.gateway.dataplane.snapshot import HolderEntry, Limits

Level = Literal["key", "user", "team"]


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    level: Level
    id: int
    label: str  # as a sentence names it: "key 'ci'"
    name: str  # what the holder is called in Redis
    limits: tuple[int, int, int, int, int]  # in the order of `script.WINDOWS`; -1 for none
    row: HolderRow  # both, as the script reads them
    fewest_tokens: float  # the smallest of the token limits; infinity without any
    has_budget: bool


def key_holder(*, key_id: int, name: str, limits: Limits) -> Holder:
    return _holder("key", key_id, _label("key", key_id, name), key_name(key_id), limits)


def shared_holder(entry: HolderEntry) -> Holder:
    name = shared_name(entry.level, entry.id, entry.team_id)
    label = _label(entry.level, entry.id, entry.name)
    return _holder(entry.level, entry.id, label, name, entry.limits)


def key_name(key_id: int) -> str:
    return f"key:{key_id}"


def shared_name(level: Literal["user", "team"], holder_id: int, team_id: int) -> str:
    """A person has limits in each team of their own."""
    return f"team:{holder_id}" if level == "team" else f"user:{holder_id}:{team_id}"


def _label(level: Level, holder_id: int, name: str) -> str:
    return f"{level} {name!r}" if name else f"{level} {holder_id}"


def _holder(level: Level, holder_id: int, label: str, name: str, limits: Limits) -> Holder:
    by_window = (
        _limit(limits.parallel),
        _limit(limits.requests_per_minute),
        _limit(limits.tokens_per_minute),
        _limit(limits.tokens_per_day),
        _limit(limits.tokens_per_month),
    )
    return Holder(
        level,
        holder_id,
        label,
        name=name,
        limits=by_window,
        row=(name, *by_window),
        fewest_tokens=min((limit for limit in by_window[2:] if limit >= 0), default=inf),
        has_budget=max(by_window[3:]) >= 0,
    )


def _limit(value: int | None) -> int:
    return -1 if value is None else max(value, 0)
