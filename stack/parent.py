"""Living and dying with the `make` that started us."""

import asyncio
import ctypes
import os
import signal

from stack.process import PR_SET_PDEATHSIG
from stack.process_table import PROC

POLL_SECONDS = 0.5


def die_with_make() -> None:
    """Have the kernel stop us when the caller is killed with -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


async def interrupted_parent(stop: asyncio.Event) -> None:
    """Set `stop` when `make` alone was interrupted.

    On a terminal Ctrl-C reaches us too. Sent to `make` only, it makes `make` wait for us for ever:
    that shows in its having given up its own handler of the signal.
    """
    parent = os.getppid()
    if not _catches(parent, signal.SIGINT):
        return
    while _catches(parent, signal.SIGINT):  # noqa: ASYNC110 — nothing tells of it
        await asyncio.sleep(POLL_SECONDS)
    stop.set()


def _catches(pid: int, number: signal.Signals) -> bool:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return False
    masks = (int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return any(mask >> (number - 1) & 1 for mask in masks)
