"""Questions to /proc, and signals to process groups."""

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is no such process.

    Together with the number it names a process for good: numbers are used again, pairs are not.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    # A zombie has ended; only its exit status is still to be collected.
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def send(pid: int, number: signal.Signals) -> None:
    """Signal one process; one that is gone or another user's is left alone."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def send_group(group: int, number: signal.Signals) -> None:
    """Signal a process group; one that is gone or another user's is left alone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def kill_group(group: int) -> None:
    """Kill a process group at once."""
    send_group(group, signal.SIGKILL)


def group_is_alive(group: int) -> bool:
    """Whether any process of the group still runs; zombies have ended."""
    return any(_group_of(entry) == group for entry in PROC.iterdir() if entry.name.isdigit())


def _group_of(entry: Path) -> int | None:
    try:
        fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[2])
