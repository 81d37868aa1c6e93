"""Records on disk before they are sent anywhere, so that a killed process loses none.

Records go to a file first, from where they are sent to Redis in batches. A process that is killed
leaves its file behind, and beside it the tally of the streams it was giving: the next process
delivers both.
"""

import fcntl
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from apps.gateway.dataplane.inflight import read_tally

_KEPT_IN_MEMORY = 10_000
_TALLY_SUFFIX = ".slots"

logger = logging.getLogger(__name__)

Deliver = Callable[[bytes], Awaitable[None]]

_encode = msgspec.json.Encoder().encode


class StreamFull(Exception):
    """The other end takes nothing for now. What waits stays in the journal."""


class Journal:
    """What is not in Redis yet. One file per process, locked while the process lives.

    `name` is the beginning of the files' names; a single record is never longer than `chunk_bytes`.
    When `max_bytes` wait, further records are lost, counted in `lost`, and the log says so once.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        max_bytes: int,
        name: str = "usage",
        chunk_bytes: int = 256 * 1024,
    ) -> None:
        self._folder = folder
        self._name = name
        self._chunk_bytes = chunk_bytes
        self._descriptor: int | None = None
        self._size = 0
        self._sent = 0
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._full_said = False
        self.max_bytes = max_bytes
        self.lost = 0

    def open(self) -> Path | None:
        """Where the tally of this process belongs. Without a folder that can be written, records
        wait in memory."""
        if self._folder is None or self._descriptor is not None:
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._name}-{os.getpid()}-{time.time_ns()}.jsonl"
            # Locked before it has a name that others look for.
            unseen = path.with_suffix(".new")
            descriptor = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unseen.rename(path)
        except OSError as problem:
            logger.warning(
                "%s is kept in memory, %s cannot be used: %s", self._name, self._folder, problem
            )
            return None
        self._descriptor = descriptor
        self._path = path
        return path.with_suffix(_TALLY_SUFFIX)

    def add(self, record: msgspec.Struct) -> None:
        line = _encode(record) + b"\n"
        if self._descriptor is None:
            self._remember(line)
            return
        if self._size + len(line) > self.max_bytes:
            self._lose()
            return
        try:
            self._size += os.write(self._descriptor, line)
        except OSError as problem:
            logger.warning("%s cannot be written to %s: %s", self._name, self._path, problem)
            self._remember(line)

    def _remember(self, line: bytes) -> None:
        full = self._memory_bytes + len(line) > self.max_bytes
        if full or len(self._memory) >= _KEPT_IN_MEMORY:
            self._lose()
            return
        self._memory.append(line)
        self._memory_bytes += len(line)

    def _lose(self) -> None:
        self.lost += 1
        if not self._full_said:
            self._full_said = True
            logger.error(
                "The journal of %s is full (%d MB): requests are served but not written down. "
                "Bring Redis and the worker back; what is in the journal will be delivered.",
                self._name,
                self.max_bytes // 1_000_000,
            )

    @property
    def waiting_bytes(self) -> int:
        return self._size - self._sent + self._memory_bytes

    async def deliver(self, deliver: Deliver) -> None:
        """Hand over everything that waits. What `deliver` raises leaves the rest where it is."""
        while self._memory:
            lines = list(_at_most(self._memory, self._chunk_bytes))
            await deliver(b"".join(lines))
            for line in lines:
                self._memory.popleft()
                self._memory_bytes -= len(line)
        if self._descriptor is None:
            return
        while self._sent < self._size:
            chunk = _whole_lines(os.pread(self._descriptor, self._chunk_bytes, self._sent))
            if not chunk:
                break  # somebody emptied the file
            await deliver(chunk)
            self._sent += len(chunk)
        if self._size:
            os.ftruncate(self._descriptor, 0)
            self._size = self._sent = 0
            self._full_said = False

    async def deliver_orphans(self, deliver: Deliver) -> None:
        """Hand over what processes that are gone have left behind."""
        if self._folder is None:
            return
        for path in sorted(self._folder.glob(f"{self._name}-*.jsonl")):
            if self._descriptor is None or path != self._path:
                await self._deliver_orphan(path, deliver)

    async def _deliver_orphan(self, path: Path, deliver: Deliver) -> None:
        with _locked(path) as descriptor:
            if descriptor is None:
                return
            sent = 0
            while chunk := _whole_lines(os.pread(descriptor, self._chunk_bytes, sent)):
                await deliver(chunk)
                sent += len(chunk)
            # After the records: of two with one id, the one that was settled counts.
            tally = path.with_suffix(_TALLY_SUFFIX)
            if lines := b"".join(_encode(record) + b"\n" for record in read_tally(tally)):
                await deliver(lines)
            with suppress(FileNotFoundError):
                os.unlink(tally)
            os.unlink(path)

    def close(self) -> None:
        """Remove the file when nothing waits in it; otherwise leave it to the next process."""
        if self._descriptor is None:
            return
        if self._sent == self._size:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def _at_most(lines: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The first of them that fit together, one at least."""
    total = 0
    for line in lines:
        total += len(line)
        if total > size and total > len(line):
            return
        yield line


def _whole_lines(chunk: bytes) -> bytes:
    return chunk[: chunk.rfind(b"\n") + 1] or chunk


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The descriptor of a file that no process holds; None when one does, or it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None  # another process took it
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None  # its process lives
        else:
            yield file.fileno()
