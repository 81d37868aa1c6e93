"""Who has limits: a key, a person, a team. A request counts for each of them that has any."""

from dataclasses import dataclass
from typing import Literal

from apps.gateway.dataplane.limits.script import HolderRow
from apps.gateway.dataplane.snapshot import HolderEntry, Limits

Level = Literal["key", "user", "team"]


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    level: Level
    id: int
    label: str  # as a sentence names it: "key 'ci'"
    row: HolderRow

    @property
    def name(self) -> str:
        """What the holder is called in Redis."""
        return self.row[0]

    @property
    def limits(self) -> tuple[int, ...]:
        """By window, in the order of `script.WINDOWS`; -1 for none."""
        return self.row[1:]

    @property
    def has_budget(self) -> bool:
        return self.row[4] >= 0 or self.row[5] >= 0

    @property
    def has_token_limit(self) -> bool:
        return self.row[3] >= 0 or self.has_budget


def key_holder(*, key_id: int, name: str, limits: Limits) -> Holder:
    return Holder("key", key_id, _label("key", key_id, name), _row(key_name(key_id), limits))


def shared_holder(entry: HolderEntry) -> Holder:
    name = shared_name(entry.level, entry.id, entry.team_id)
    label = _label(entry.level, entry.id, entry.name)
    return Holder(entry.level, entry.id, label, _row(name, entry.limits))


def key_name(key_id: int) -> str:
    return f"key:{key_id}"


def shared_name(level: Literal["user", "team"], holder_id: int, team_id: int) -> str:
    """A person has limits in each team of their own."""
    return f"team:{holder_id}" if level == "team" else f"user:{holder_id}:{team_id}"


def _label(level: Level, holder_id: int, name: str) -> str:
    return f"{level} {name!r}" if name else f"{level} {holder_id}"


def _row(name: str, limits: Limits) -> HolderRow:
    return (
        name,
        _limit(limits.parallel),
        _limit(limits.requests_per_minute),
        _limit(limits.tokens_per_minute),
        _limit(limits.tokens_per_day),
        _limit(limits.tokens_per_month),
    )


def _limit(value: int | None) -> int:
    return -1 if value is None else max(value, 0)
