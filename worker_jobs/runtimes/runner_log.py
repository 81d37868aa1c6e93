"""The log of one replica: what its model servers wrote, in numbered lines. Standard library only.

apps.models.queries.replica_logs says how a line looks and reads them.
"""

import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

LINES_LOOKED_AT = 12
LOG_PART_BYTES = 4 * 1024 * 1024
LOG_PARTS = 4
LONGEST_LINE_BYTES = 16 * 1024


class ReplicaLog:
    """Numbered lines in parts. A full disk loses lines, never the model server."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.tail: deque[str] = deque(maxlen=LINES_LOOKED_AT)
        self._pending = b""
        self._file: BinaryIO | None = None
        self._sequence = self._last_sequence()

    def feed(self, data: bytes) -> None:
        """Take what the model server wrote, in whatever pieces it comes."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self.write(line)
        if len(self._pending) > LONGEST_LINE_BYTES:
            self.end_line()

    def end_line(self) -> None:
        """Write down what has no newline yet."""
        if self._pending:
            self.write(self._pending)
            self._pending = b""

    def write(self, line: bytes) -> None:
        line = line.rstrip(b"\r")[:LONGEST_LINE_BYTES]
        self.tail.append(line.decode(errors="replace"))
        self._sequence += 1
        try:
            if self._file is None:
                self._file = self.path.open("ab", buffering=0)
            self._file.write(b"%d\t%.3f\t%s\n" % (self._sequence, time.time(), line))
            if self._file.tell() >= LOG_PART_BYTES:
                self._rotate()
        except OSError:
            self._file = None

    def close(self) -> None:
        """Write what is pending and let the file go."""
        self.end_line()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        for number in range(LOG_PARTS - 2, -1, -1):
            part = self.path if number == 0 else self.path.with_name(f"log.{number}")
            if part.exists():
                part.replace(self.path.with_name(f"log.{number + 1}"))

    def _last_sequence(self) -> int:
        for part in (self.path, self.path.with_name("log.1")):
            try:
                with part.open("rb") as file:
                    file.seek(max(0, part.stat().st_size - 4 * LONGEST_LINE_BYTES))
                    lines = file.read().splitlines()
            except OSError:
                continue
            for line in reversed(lines):
                number = line.partition(b"\t")[0]
                if number.isdigit():
                    return int(number)
        return 0
