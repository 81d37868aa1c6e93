"""Keeps services alive: start, probe, start again with back-off, stop in order."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.guard import Guard
from stack.layout import Layout, write_atomically
from stack.logs import LogFile
from stack.problem import Problem
from stack.process import Running, Service
from stack.terminal import say

FAST_FAILURE_SECONDS = 20.0
CRASH_LOOP = 3
SHOWN_LINES = 12
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0


@dataclass(frozen=True)
class ServiceNote:
    """What `status` knows of one service."""

    pid: int
    ready: bool
    restarts: int


def read_services(layout: Layout) -> dict[str, ServiceNote]:
    """The services as the supervisor last wrote them down."""
    try:
        notes = json.loads(_notes_file(layout).read_text())
    except (OSError, ValueError):
        return {}
    return {name: ServiceNote(**note) for name, note in notes.items()}


def _notes_file(layout: Layout) -> Path:
    return layout.run / "services.json"


class Keeper:
    """One service that is started again whenever it ends."""

    def __init__(self, running: Running, on_change: Callable[[], None]) -> None:
        self.running = running
        self.on_change = on_change
        self.restarts = -1
        self.failures = 0
        self.crash_looping = asyncio.Event()
        self.stopping = False
        self.task: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Runs until `stop`."""
        while not self.stopping:
            await self._live_once()
            if self.stopping:
                return
            pause = self._count_failure()
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """Stop the service and its keeping."""
        self.stopping = True
        await self.running.stop()
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])

    async def _live_once(self) -> None:
        running, name = self.running, self.running.service.name
        try:
            await running.start()
        except OSError as error:
            running.log.write(f"could not be started: {error}")
            return
        self.restarts += 1
        self.on_change()
        probe = asyncio.create_task(self._probe())
        status = await running.wait()
        await asyncio.wait([probe])
        if not self.stopping:
            say(f"{name} {_ending(status)}")

    async def _probe(self) -> None:
        running = self.running
        if await running.wait_until_ready():
            seconds = time.monotonic() - running.started_at
            say(f"{running.service.name} ready in {seconds:.1f} s")
            self.on_change()
        elif running.alive() and not self.stopping:
            say(f"{running.service.name} has not answered for {running.service.ready_within:.0f} s")
            await running.stop()

    def _count_failure(self) -> float:
        lived = time.monotonic() - self.running.started_at
        was_ready = self.running.ready.is_set()
        self.running.ready.clear()
        quick = lived < FAST_FAILURE_SECONDS or not was_ready
        self.failures = self.failures + 1 if quick else 1
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)
        if self.failures == CRASH_LOOP:
            self.crash_looping.set()
            say(self.explanation())
        return pause

    def explanation(self) -> str:
        """What a person needs when the service keeps ending: its last lines and what to do."""
        name, log = self.running.service.name, self.running.log
        lines = "".join(f"\n    {line}" for line in list(log.tail)[-SHOWN_LINES:])
        return (
            f"{name} ended {self.failures} times in a row. Its last lines:{lines}\n"
            f"{advice(log.tail)} It is tried again until it works; all of it is in {log.path}."
        )


class Supervisor:
    """All services of one installation."""

    def __init__(self, layout: Layout, guard: Guard) -> None:
        self.layout = layout
        self.guard = guard
        self.keepers: dict[str, Keeper] = {}

    def begin(self, *services: Service) -> None:
        """Start keeping the services; returns at once."""
        for service in services:
            log = LogFile(self.layout.log / f"{service.name}.log")
            running = Running(service, log, self.guard)
            keeper = Keeper(running, self._write_down)
            self.keepers[service.name] = keeper
            keeper.task = asyncio.create_task(keeper.keep())

    async def until_ready(self, *names: str) -> None:
        """Wait for these services' probes. Raises Problem when one of them keeps ending."""
        for name in names:
            keeper = self.keepers[name]
            ready = asyncio.create_task(keeper.running.ready.wait())
            looping = asyncio.create_task(keeper.crash_looping.wait())
            try:
                await asyncio.wait((ready, looping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                ready.cancel()
                looping.cancel()
            if keeper.crash_looping.is_set() and not keeper.running.ready.is_set():
                raise Problem(f"{name} does not start.", advice(keeper.running.log.tail))

    async def stop(self, *names: str) -> None:
        """Stop the named services at the same time; those that never began are skipped."""
        known = [self.keepers[name] for name in names if name in self.keepers]
        await asyncio.gather(*(keeper.stop() for keeper in known))

    def _write_down(self) -> None:
        notes = {
            name: asdict(
                ServiceNote(
                    pid=keeper.running.pid,
                    ready=keeper.running.ready.is_set(),
                    restarts=keeper.restarts,
                )
            )
            for name, keeper in self.keepers.items()
        }
        # Only `status` reads it; a full disk must not end the services.
        with contextlib.suppress(OSError):
            write_atomically(_notes_file(self.layout), json.dumps(notes))


def advice(tail: Sequence[str]) -> str:
    """One sentence what to do, read from a service's last lines."""
    text = "\n".join(tail)
    for mark, sentence in (
        ("No space left", "The disk is full: free some space."),
        (
            "Permission denied",
            "A file belongs to another user: give var/ to this one (chown).",
        ),
        ("Read-only file system", "The disk is read-only: point HEARTH_VAR at one that is not."),
        ("address already in use", "Another program took the port: start Hearth again."),
        ("ModuleNotFoundError", "The Python environment is incomplete: run `make setup`."),
        ("Cannot allocate memory", "This machine has no memory left: stop something else."),
    ):
        if mark.lower() in text.lower():
            return sentence
    return "Correct what the last lines say."


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed ({signal.Signals(-status).name}); starting it again"
    return f"ended with status {status}; starting it again"
