"""A small forked process that ends the services when the supervisor was killed with -9.

The kernel's death signal reaches the services alone; the guard also reaches what they started.
It holds the installation's lock until everything is gone, so that a next start waits for it.
"""

import ctypes
import os
import signal
import time
from types import TracebackType

from stack.layout import Layout
from stack.process_table import group_is_alive, kill_group
from stack.replicas import kill_replicas

PR_SET_NAME = 15
PATIENCE_SECONDS = 4.0
GOODBYE = b"bye\n"


class Guard:
    """Watches process groups from a process of its own; used as a context manager.

    The model servers of `layout` end as well; None leaves them alone. Must be made before the
    supervisor has started a thread.
    """

    def __init__(self, layout: Layout | None) -> None:
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writing)
            _watch(reading, layout)
        os.close(reading)

    def __enter__(self) -> "Guard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tell(GOODBYE)
        os.close(self._writing)
        os.waitpid(self._pid, 0)

    def watch(self, group: int) -> None:
        """End this process group when the supervisor dies."""
        self._tell(b"+%d\n" % group)

    def forget(self, group: int) -> None:
        """The group has ended; its number may soon be another's."""
        self._tell(b"-%d\n" % group)

    def _tell(self, message: bytes) -> None:
        try:
            os.write(self._writing, message)
        except BrokenPipeError:
            # Somebody killed the guard; the kernel's death signal still covers the services.
            return


def _watch(reading: int, layout: Layout | None) -> None:
    """The guard's whole life; never returns."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"hearth-guard")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    groups: set[int] = set()
    pending = b""
    while data := os.read(reading, 4096):
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            if line.startswith(b"+"):
                groups.add(int(line[1:]))
            elif line.startswith(b"-"):
                groups.discard(int(line[1:]))
            else:
                os._exit(0)
    _end(groups, layout)
    os._exit(0)


def _end(groups: set[int], layout: Layout | None) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while any(group_is_alive(group) for group in groups) and time.monotonic() < end:
        time.sleep(0.05)
    for group in groups:
        kill_group(group)
    if layout is not None:
        kill_replicas(layout)
