"""One supervised process: started in its own session, dies with the supervisor."""

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.guard import Guard
from stack.layout import CHECKOUT
from stack.logs import LogFile
from stack.process_table import kill_group
from stack.terminal import say

PR_SET_PDEATHSIG = 1
LONGEST_LINE_BYTES = 1 << 20
PROBE_PAUSE_SECONDS = 0.03

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """The user a service runs as when it is not the supervisor's own."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Service:
    """What to start and how to tell that it works; times are in seconds."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None
    folder: Path = CHECKOUT
    # Open files that the process is given, like a listening socket.
    inherited: tuple[int, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 1.5
    ready_within: float = 60.0
    # Whether its lines are shown on the terminal as well as in its log.
    loud: bool = True


class Running:
    """A started service: its process, its log, and whether its probe has answered yet."""

    def __init__(self, service: Service, log: LogFile, guard: Guard) -> None:
        self.service = service
        self.log = log
        self.guard = guard
        self.ready = asyncio.Event()
        self.started_at = 0.0
        self.process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process. Raises OSError when its program cannot be run."""
        self.ready.clear()
        self.started_at = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            *self.service.argv,
            env={**os.environ, **self.service.environment},
            cwd=self.service.folder,
            pass_fds=self.service.inherited,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE_BYTES,
            # Its own session: the terminal's Ctrl-C reaches the supervisor alone.
            start_new_session=True,
            preexec_fn=die_with_parent(self.service.stop_signal),
            **_credentials(self.service.identity),
        )
        self.guard.watch(self.process.pid)
        if self.process.stdout is not None:
            self._pump = asyncio.create_task(self._copy_output(self.process.stdout))

    async def wait_until_ready(self) -> bool:
        """Probe until the service answers; False when it ended or its time ran out."""
        end = self.started_at + self.service.ready_within
        while time.monotonic() < end and self.alive():
            if await self.service.ready():
                self.ready.set()
                return True
            await asyncio.sleep(PROBE_PAUSE_SECONDS)
        return False

    async def wait(self) -> int:
        """The exit status, after the last line of output was copied.

        What the process leaves behind in its session ends with it.
        """
        process = self._started()
        status = await process.wait()
        kill_group(process.pid)
        self.guard.forget(process.pid)
        if self._pump is not None:
            # A grandchild may hold the pipe open after its parent is gone.
            await asyncio.wait([self._pump], timeout=0.5)
            self._pump.cancel()
        return status

    async def stop(self) -> None:
        """Ask, wait, then kill the whole session, so that no grandchild stays."""
        if self.process is None:
            return
        if self.alive():
            self.process.send_signal(self.service.stop_signal)
            try:
                await asyncio.wait_for(self.process.wait(), self.service.stop_within)
            except TimeoutError:
                self.log.write(f"did not stop within {self.service.stop_within:g} s and was killed")
                kill_group(self.process.pid)
        await self.wait()
        self.log.close()

    @property
    def pid(self) -> int:
        """The process number; 0 before the first start."""
        return self.process.pid if self.process is not None else 0

    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.returncode is None

    def _started(self) -> asyncio.subprocess.Process:
        if self.process is None:
            raise RuntimeError(f"{self.service.name} was never started")
        return self.process

    async def _copy_output(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                data = await output.readline()
            except ValueError:
                # One line longer than the limit; asyncio has dropped it.
                continue
            if not data:
                return
            line = data.decode(errors="replace").rstrip()
            self.log.write(line)
            if self.service.loud:
                say(line, service=self.service.name)


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Runs between fork and exec: the kernel sends `stop_signal` when the supervisor dies."""
    parent = os.getpid()

    def ask_kernel() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            # It died between the fork and the line above.
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel


def _credentials(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {}
    return {"user": identity.uid, "group": identity.gid, "extra_groups": []}
