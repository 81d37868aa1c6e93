"""Standing in line for a deployment that is not loaded yet: first come, first served.

One line per deployment and gateway process. It lasts from the moment somebody asks for a sleeping
model until everybody who came meanwhile has been let through, a slot at a time. While there is no
line nobody waits here: a model server that is loaded has a queue of its own.
"""

import asyncio
import time
from contextlib import suppress


class Place:
    """Somebody's place in a line."""

    __slots__ = ("_line", "_moved")

    def __init__(self, line: "Line") -> None:
        self._line = line
        self._moved = asyncio.Event()

    @property
    def number(self) -> int:
        """1 for whoever is next."""
        return self._line.places.index(self) + 1

    @property
    def of(self) -> int:
        return len(self._line.places)

    @property
    def waited_for(self) -> float:
        """Seconds since the line began."""
        return time.monotonic() - self._line.began

    def move_up(self) -> None:
        self._moved.set()

    async def wait(self, within: float) -> None:
        """Return when it may be this place's turn, or when the time is over."""
        with suppress(TimeoutError):  # and no `wait_for`, which may swallow the client's leaving
            async with asyncio.timeout(within):
                await self._moved.wait()
        self._moved.clear()


class Line:
    __slots__ = ("began", "places")

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.places: list[Place] = []


class Lines:
    """The lines of a process, by deployment."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}

    def __contains__(self, deployment_id: int | None) -> bool:
        return deployment_id in self._lines

    @property
    def waiting(self) -> int:
        return sum(len(line.places) for line in self._lines.values())

    def join(self, deployment_id: int) -> Place:
        line = self._lines.setdefault(deployment_id, Line())
        place = Place(line)
        line.places.append(place)
        return place

    def leave(self, deployment_id: int, place: Place) -> None:
        """Served or gone: everybody behind moves up, and a line without anybody ends."""
        line = self._lines[deployment_id]
        line.places.remove(place)
        if line.places:
            line.places[0].move_up()
        else:
            del self._lines[deployment_id]

    def move(self, deployment_id: int) -> None:
        """A slot may be free: whoever is next looks again."""
        if self._lines and deployment_id in self._lines:
            self._lines[deployment_id].places[0].move_up()

    def move_all(self) -> None:
        """Another table is in use: whoever is next looks again, in every line."""
        for line in self._lines.values():
            line.places[0].move_up()
