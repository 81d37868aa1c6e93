"""The rules of limits said a second time, slowly and plainly, for a test to compare with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from apps.gateway.dataplane.limits.script import WINDOWS

SLOT_MS = 5000
MINUTE_SLOTS = 13
LEASE_MS = 30_000


def day_of(now: int) -> str:
    return f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d}"


def month_of(now: int) -> str:
    return day_of(now)[:7]


@dataclass(eq=False)
class Held:
    """A reservation: by whom, how much, and in which slots of the minute it stands."""

    process: str
    tokens: int
    slots: list[tuple[int, int]]
    ringed: int


@dataclass
class ModelHolder:
    limits: tuple[int, ...]
    requests: list[int] = field(default_factory=list)  # slots
    tokens: list[list[int]] = field(default_factory=list)  # [slot, amount]
    days: dict[str, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def used(self, window: str, now: int) -> int:
        oldest = now // SLOT_MS - MINUTE_SLOTS
        if window == "parallel":
            return len(self.held)
        if window == "requests_per_minute":
            return sum(slot > oldest for slot in self.requests)
        if window == "tokens_per_minute":
            return sum(amount for slot, amount in self.tokens if slot > oldest)
        reserved = sum(each.tokens for each in self.held)
        counted = self.days.get(day_of(now), 0) if window == "tokens_per_day" else None
        return reserved + (self.months.get(month_of(now), 0) if counted is None else counted)

    def room(self, window: str, now: int) -> int | None:
        limit = self.limits[WINDOWS.index(window)]
        return None if limit < 0 else limit - self.used(window, now)

    def fits(self, need: int, now: int, *, windows: tuple[str, ...] = WINDOWS) -> bool:
        rooms = {window: self.room(window, now) for window in windows}
        return all(
            room is None or room >= (1 if window in ("parallel", "requests_per_minute") else need)
            for window, room in rooms.items()
        )


@dataclass
class Model:
    holders: list[ModelHolder]
    now: int
    lease_ms: int = LEASE_MS
    leases: dict[str, int] = field(default_factory=dict)

    def call(self, process: str) -> None:
        """A call renews the lease of its process; what the dead had reserved is free."""
        self.leases[process] = self.now + self.lease_ms
        for holder in self.holders:
            holder.held = [each for each in holder.held if self.leases[each.process] > self.now]

    def alive(self, process: str) -> bool:
        return process not in self.leases or self.leases[process] > self.now

    def reserve(self, process: str, want: int, least: int) -> Held | None:
        if not all(holder.fits(least, self.now) for holder in self.holders):
            return None
        granted = self._granted(want)
        held = Held(process, granted, [(self.now // SLOT_MS, granted)], granted)
        for holder in self.holders:
            holder.held.append(held)
            holder.requests.append(self.now // SLOT_MS)
            holder.tokens.append([self.now // SLOT_MS, granted])
        return held

    def extend(self, held: Held, want: int, least: int) -> int | None:
        if not all(holder.fits(least, self.now, windows=WINDOWS[2:]) for holder in self.holders):
            return None
        granted = self._granted(want)
        held.tokens += granted
        held.ringed += granted
        held.slots.append((self.now // SLOT_MS, granted))
        for holder in self.holders:
            holder.tokens.append([self.now // SLOT_MS, granted])
        return granted

    def _granted(self, want: int) -> int:
        rooms = [h.room(window, self.now) for h in self.holders for window in WINDOWS[2:]]
        return min([want, *(room for room in rooms if room is not None)])

    def settle(self, held: Held, actual: int, began: int) -> None:
        for holder in self.holders:
            holder.held = [each for each in holder.held if each is not held]
            if actual > held.ringed:
                holder.tokens.append([self.now // SLOT_MS, actual - held.ringed])
            else:
                _take_back(holder.tokens, held.slots, held.ringed - actual)
            for counted, period in ((holder.days, day_of(began)), (holder.months, month_of(began))):
                counted[period] = counted.get(period, 0) + actual


def _take_back(tokens: list[list[int]], slots: list[tuple[int, int]], over: int) -> None:
    for slot, amount in reversed(slots):
        left = part = min(over, amount)
        for entry in tokens:
            if entry[0] == slot:
                taken = min(left, entry[1])
                entry[1] -= taken
                left -= taken
        over -= part
