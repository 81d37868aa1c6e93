"""Plain log files in `var/log`, cut by size."""

from collections import deque
from pathlib import Path
from typing import BinaryIO

LARGEST_FILE_BYTES = 8 * 1024 * 1024
KEPT_FILES = 3
TAIL_LINES = 12


class LogFile:
    """Appends lines to one file; `name.1` … `name.3` hold what came before.

    A full disk loses log lines, never the service: writing failures are counted, not raised.
    """

    def __init__(self, path: Path, largest_bytes: int = LARGEST_FILE_BYTES) -> None:
        self.path = path
        self.largest_bytes = largest_bytes
        self.lost_lines = 0
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._stream: BinaryIO | None = None
        self._size = 0

    def write(self, line: str) -> None:
        """Append one line (without its newline)."""
        self.tail.append(line)
        data = line.encode(errors="replace") + b"\n"
        try:
            if self._stream is None or self._size + len(data) > self.largest_bytes:
                self._open()
            assert self._stream is not None  # noqa: S101 — _open sets it or raises
            self._stream.write(data)
            self._size += len(data)
        except OSError:
            self.lost_lines += 1

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        self.close()
        if self.path.exists() and self.path.stat().st_size >= self.largest_bytes // 2:
            self._rotate()
        self._stream = self.path.open("ab", buffering=0)
        self._size = self._stream.tell()

    def _rotate(self) -> None:
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))
