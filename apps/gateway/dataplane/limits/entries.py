"""What is on its way to the counters: reservations asked for and held, and settlements."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from apps.gateway.dataplane.limits import script
from apps.gateway.dataplane.limits.holders import Holder


@dataclass(slots=True, eq=False)
class Reservation:
    """What was set aside for one request. `tokens` are prompt and output together."""

    id: str
    holders: tuple[Holder, ...]
    tokens: int
    ringed: int = 0  # of them, those that stand in the running minute
    slots: list[int] = field(default_factory=list)  # where they stand: slot, amount, …
    identity: str = ""  # the name under which Redis knows it
    prompt: int = 0  # of `tokens`, what was estimated for the prompt
    given: float = inf  # output tokens that may go to the client before more are reserved
    bound: int | None = None  # output tokens to ask for at most: a plain reply takes no more later


@dataclass(slots=True, eq=False)
class Ask:
    operation: int
    reservation: Reservation
    want: int
    least: int
    future: "asyncio.Future[list[Any] | None]"

    def item(self, indices: Sequence[int], _process: str) -> script.Item:
        return (self.operation, indices, self.want, self.least)


@dataclass(slots=True, eq=False)
class Hold:
    reservation: Reservation

    def item(self, indices: Sequence[int], _process: str) -> script.Item:
        return (script.HOLD, indices, 1, self.reservation.tokens)


@dataclass(slots=True, eq=False)
class Settlement:
    reservation: Reservation
    actual: int
    at_ms: int

    def item(self, indices: Sequence[int], process: str) -> script.Item:
        it = self.reservation
        held = it.identity == process
        tokens = it.tokens if held else 0
        return (
            script.SETTLE, indices, int(held), tokens, self.actual, it.ringed, it.slots, self.at_ms
        )  # fmt: skip


Entry = Ask | Hold | Settlement


@dataclass(slots=True, eq=False)
class ScriptCall:
    process: str
    seq: int
    entries: list[Entry]
    ended: tuple[str, ...]
    late: bool = False
