"""The detached model servers of this installation, found by the notes their runners leave."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from stack.layout import Layout
from stack.process_table import send_group, start_ticks

PATIENCE_SECONDS = 1.5


def stop_replicas(layout: Layout) -> int:
    """Ask every runner's process group to end, then kill what is left; how many there were."""
    runners = list(_living(layout))
    for pid in runners:
        send_group(pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE_SECONDS
    while any(start_ticks(pid) for pid in runners) and time.monotonic() < end:
        time.sleep(0.03)
    for pid in runners:
        send_group(pid, signal.SIGKILL)
    return len(runners)


def kill_replicas(layout: Layout) -> None:
    """End every runner's process group at once."""
    for pid in _living(layout):
        send_group(pid, signal.SIGKILL)


def _living(layout: Layout) -> Iterator[int]:
    for note in layout.replicas.glob("*/runner.json"):
        pid = _runner(note)
        if pid is not None:
            yield pid


def _runner(note: Path) -> int | None:
    """The runner's process number, when that process is still the one that left the note."""
    try:
        content = json.loads(note.read_text())
        pid, started = int(content["pid"]), int(content["start_time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if start_ticks(pid) == started else None
