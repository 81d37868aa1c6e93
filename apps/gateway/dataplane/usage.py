"""What each request cost, written down before the client has its last byte.

Records go to a journal file first, from where they are sent to Redis in batches. A process that is
killed leaves its journal behind and the next one delivers it; a record that is delivered twice is
counted once, because its id is the key of its row.
"""

import fcntl
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

USAGE_STREAM = "hearth:gateway:usage"
USAGE_FIELD = "records"  # one JSON object per line

_CHUNK_BYTES = 256 * 1024
_KEPT_IN_MEMORY = 10_000
_PATTERN = "usage-*.jsonl"

logger = logging.getLogger(__name__)

Deliver = Callable[[bytes], Awaitable[None]]


class UsageRecord(msgspec.Struct, omit_defaults=True):
    """One request. Times are in milliseconds, `at` in unix seconds."""

    id: str
    at: float
    team_id: int
    key_id: int | None = None
    user_id: int | None = None
    endpoint: str = ""
    model: str = ""
    route: str = ""
    deployment_id: int | None = None
    upstream_id: int | None = None
    replica_id: str | None = None
    served_by: str = ""
    node: str = ""
    status: int = 0  # 499: the client left
    error: str = ""
    streamed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False  # the upstream gave no count: derived from what passed through
    queue_ms: float = 0.0
    connect_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    queue_position: int | None = None
    fallback_reason: str = ""
    capped_to: int | None = None  # output tokens, where the gateway lowered what was asked for
    address: str = ""  # of the client
    trace: str = ""  # JSON list of the decisions on the way, when there was more than one
    logged: bool = True  # False: counted, but never listed


_encode = msgspec.json.Encoder().encode
decode_record = msgspec.json.Decoder(UsageRecord).decode


def new_id() -> str:
    """A UUID of version 7: random, and ordered by time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Journal:
    """Usage that is not in Redis yet. One file per process, locked while the process lives."""

    def __init__(self, folder: Path | None, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._descriptor: int | None = None
        self._size = 0
        self._sent = 0
        self._memory: deque[bytes] = deque()
        self.lost = 0
        self._full_said = False

    def open(self) -> None:
        """Without a folder that can be written, records wait in memory."""
        if self._folder is None or self._descriptor is not None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"usage-{os.getpid()}-{time.time_ns()}.jsonl"
            # Locked before it has a name that others look for.
            unseen = path.with_suffix(".new")
            descriptor = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unseen.rename(path)
        except OSError as problem:
            logger.warning("usage is kept in memory, %s cannot be used: %s", self._folder, problem)
            return
        self._descriptor = descriptor
        self._path = path

    def add(self, record: UsageRecord) -> None:
        line = _encode(record) + b"\n"
        if self._descriptor is None:
            self._remember(line)
            return
        if self._size + len(line) > self._max_bytes:
            self._lose()
            return
        try:
            self._size += os.write(self._descriptor, line)
        except OSError as problem:
            logger.warning("usage cannot be written to %s: %s", self._path, problem)
            self._remember(line)

    def _remember(self, line: bytes) -> None:
        if len(self._memory) >= _KEPT_IN_MEMORY:
            self._lose()
            return
        self._memory.append(line)

    def _lose(self) -> None:
        self.lost += 1
        if not self._full_said:
            self._full_said = True
            logger.error(
                "The usage journal is full: requests are served but not counted. "
                "Bring Redis and the worker back; what is in the journal will be delivered."
            )

    @property
    def waiting_bytes(self) -> int:
        return self._size - self._sent + sum(map(len, self._memory))

    async def deliver(self, deliver: Deliver) -> None:
        """Hand over everything that waits. What `deliver` raises leaves the rest where it is."""
        while self._memory:
            lines = [self._memory[i] for i in range(min(len(self._memory), 500))]
            await deliver(b"".join(lines))
            for _ in lines:
                self._memory.popleft()
        if self._descriptor is None:
            return
        while self._sent < self._size:
            chunk = _whole_lines(os.pread(self._descriptor, _CHUNK_BYTES, self._sent))
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
        for path in sorted(self._folder.glob(_PATTERN)):
            if self._descriptor is None or path != self._path:
                await _deliver_orphan(path, deliver)

    def close(self) -> None:
        """Remove the file when nothing waits in it; otherwise leave it to the next process."""
        if self._descriptor is None:
            return
        if self._sent == self._size:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def _whole_lines(chunk: bytes) -> bytes:
    return chunk[: chunk.rfind(b"\n") + 1] or chunk


async def _deliver_orphan(path: Path, deliver: Deliver) -> None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return  # another process took it
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # its process lives
        sent = 0
        while chunk := _whole_lines(os.pread(file.fileno(), _CHUNK_BYTES, sent)):
            await deliver(chunk)
            sent += len(chunk)
        os.unlink(path)
