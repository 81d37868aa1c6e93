"""Looking after the clients of requests that last, with one timer for all of them."""

import asyncio
from collections.abc import Callable
from typing import Protocol

_AFTER_SECONDS = 0.02  # most small requests are over by then and need no watcher


class Watched(Protocol):
    @property
    def is_settled(self) -> bool: ...

    @property
    def start_watcher(self) -> Callable[[], None]: ...


class Watch:
    """Starts the watcher of every request that has lasted for one turn, and at most two."""

    __slots__ = ("_older", "_ticking", "_young")

    def __init__(self) -> None:
        self._young: list[Watched] = []
        self._older: list[Watched] = []
        self._ticking = False

    def begin(self, call: Watched) -> None:
        self._young.append(call)
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(_AFTER_SECONDS, self._tick)

    def _tick(self) -> None:
        for call in self._older:
            if not call.is_settled:
                call.start_watcher()
        self._older, self._young = self._young, []
        self._ticking = bool(self._older)
        if self._ticking:
            asyncio.get_running_loop().call_later(_AFTER_SECONDS, self._tick)
