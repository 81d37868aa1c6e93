"""What an earlier Postgres left behind: processes that outlived it, a lock file that lies."""

import signal
import time
from pathlib import Path

from stack.process_table import PROC, send

PATIENCE_SECONDS = 4.0


def end_leftovers(data: Path) -> None:
    """End every process still working in the data folder and drop its lock file.

    The caller holds the installation's lock, so none of them belongs to a running Hearth.
    """
    for stop_signal in (signal.SIGINT, signal.SIGKILL):
        left = _processes_in(data)
        for pid in left:
            send(pid, stop_signal)
        end = time.monotonic() + PATIENCE_SECONDS
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = [pid for pid in left if _works_in(pid, data)]
        if not left:
            break
    # With nothing left in the folder the file can only name a stranger who got the old number.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(data: Path) -> list[int]:
    numbers = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in numbers if _works_in(pid, data)]


def _works_in(pid: int, data: Path) -> bool:
    try:
        return (PROC / str(pid) / "cwd").readlink() == data
    except OSError:
        return False
