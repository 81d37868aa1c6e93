"""Reading what a model server wrote.

Every runtime keeps the log of a replica in `<replicas>/<id>/log`, older parts in `log.1`, `log.2`
and so on. One line each: its number (counting from 1 and going on across parts and restarts), a
tab, the moment in unix seconds, a tab, the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.conf import settings

from apps.models.models import Replica

LONGEST_LINE_BYTES = 64 * 1024


@dataclass(frozen=True)
class ReplicaLogLine:
    sequence: int
    at: datetime
    text: str


@dataclass(frozen=True)
class ReplicaLog:
    """Lines in order. `first_sequence` is the oldest one still kept, 0 when there is none."""

    items: list[ReplicaLogLine]
    first_sequence: int
    last_sequence: int


def read_replica_log(*, replica: Replica, after: int = 0, limit: int = 500) -> ReplicaLog:
    """At most `limit` lines that follow line `after`; empty when nothing was ever written."""
    return read_log(Path(settings.REPLICAS_DIR) / str(replica.pk), after=after, limit=limit)


def read_log(folder: Path, *, after: int = 0, limit: int = 500) -> ReplicaLog:
    parts = _parts(folder)
    first = next((line.sequence for part in parts for line in _lines(part)), 0)
    wanted = (
        line for part in _from(parts, after) for line in _lines(part) if line.sequence > after
    )
    items = list(islice(wanted, limit))
    return ReplicaLog(
        items=items,
        first_sequence=first,
        last_sequence=items[-1].sequence if items else after,
    )


def tail_of_log(folder: Path, *, count: int = 5) -> list[str]:
    """The last lines of the newest part, without numbers and moments."""
    parts = _parts(folder)
    return [line.text for line in list(_lines(parts[-1]))[-count:]] if parts else []


def _parts(folder: Path) -> list[Path]:
    """The parts that exist, oldest first."""
    older = sorted(folder.glob("log.[0-9]"), reverse=True)
    newest = folder / "log"
    return [*older, newest] if newest.exists() else older


def _from(parts: list[Path], after: int) -> list[Path]:
    """Leave out the parts that end before the wanted line."""
    for index in range(len(parts) - 1, 0, -1):
        line = next(_lines(parts[index]), None)
        if line is not None and line.sequence <= after + 1:
            return parts[index:]
    return parts


def _lines(part: Path) -> Iterator[ReplicaLogLine]:
    try:
        with part.open("rb") as file:
            while raw := file.readline(LONGEST_LINE_BYTES):
                line = _parse(raw)
                if line is not None:
                    yield line
    except FileNotFoundError:
        return  # rotated away between listing and opening


def _parse(raw: bytes) -> ReplicaLogLine | None:
    """None for a line that is still being written, or was cut by a power failure."""
    number, _, rest = raw.partition(b"\t")
    moment, tab, text = rest.partition(b"\t")
    if not (tab and raw.endswith(b"\n")):
        return None
    try:
        at = datetime.fromtimestamp(float(moment), tz=UTC)
        return ReplicaLogLine(int(number), at, text.decode(errors="replace").rstrip("\n"))
    except ValueError:
        return None
