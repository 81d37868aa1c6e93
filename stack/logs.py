"""Plain log files in `var/log`, cut by size."""

from collections import deque
from io import FileIO
from pathlib import Path

LARGEST_FILE_BYTES = 8 * 1024 * 1024
KEPT_FILES = 3
TAIL_LINES = 40


class LogFile:
    """Appends lines to one file; `name.1` … `name.3` hold what came before.

    A full disk loses log lines, never the service: writing failures are counted, not raised.
    """

    def __init__(self, path: Path, largest_bytes: int = LARGEST_FILE_BYTES) -> None:
        self.path = path
        self.largest_bytes = largest_bytes
        self.lost_lines = 0
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._stream: FileIO | None = None
        self._size = 0

    def write(self, line: str) -> None:
        """Append one line (without its newline)."""
        self.tail.append(line)
        data = line.encode(errors="replace") + b"\n"
        try:
            stream = self._stream
            if stream is None or self._size + len(data) > self.largest_bytes:
                stream = self._open()
            stream.write(data)
            self._size += len(data)
        except OSError:
            self.lost_lines += 1

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> FileIO:
        self.close()
        if self.path.exists() and self.path.stat().st_size >= self.largest_bytes // 2:
            self._rotate()
        stream = FileIO(self.path, "ab")
        self._stream, self._size = stream, stream.tell()
        return stream

    def _rotate(self) -> None:
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))
