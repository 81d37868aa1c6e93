"""One Hearth per state folder: who holds it, since when, at which address."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from stack.layout import Layout, write_atomically
from stack.problem import Problem, from_os_error

# After a kill -9 of the supervisor its services end within this time and hold the lock until then.
HANDOVER_SECONDS = 8.0


@dataclass(frozen=True)
class Holder:
    """The process that holds the folder; `since` is unix seconds, `url` is empty until known."""

    pid: int
    purpose: str
    since: float
    url: str = ""
    # The same server as this machine reaches it, whatever the address for people is.
    host: str = ""
    port: int = 0

    def alive(self) -> bool:
        return Path(f"/proc/{self.pid}").exists()

    def sentence(self) -> str:
        since = datetime.fromtimestamp(self.since).astimezone().strftime("%H:%M on %d %B %Y")
        at = f" at {self.url}" if self.url else ""
        return f"Hearth already runs here{at} (process {self.pid}, since {since})."


class Lock:
    """The held lock; `announce` writes down the address once it is known."""

    def __init__(self, layout: Layout, handle: int, holder: Holder) -> None:
        self.layout = layout
        self.handle = handle
        self.holder = holder

    def announce(self, *, url: str = "", host: str = "", port: int = 0) -> None:
        """Write down who holds the folder and where it answers."""
        self.holder = replace(self.holder, url=url, host=host, port=port)
        write_atomically(holder_file(self.layout), json.dumps(asdict(self.holder)))


def lock_file(layout: Layout) -> Path:
    """Locked for as long as anything of the installation runs."""
    return layout.run / "supervisor.lock"


def holder_file(layout: Layout) -> Path:
    """Where the holder says who it is."""
    return layout.run / "supervisor.json"


def is_held(layout: Layout) -> bool:
    """Whether anything of an installation still runs in this folder."""
    try:
        handle = os.open(lock_file(layout), os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise from_os_error(error, lock_file(layout)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def read_holder(layout: Layout) -> Holder | None:
    """Who runs in this folder now; None when nobody does."""
    if not is_held(layout):
        return None
    try:
        holder = Holder(**json.loads(holder_file(layout).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return holder if holder.alive() else None


@contextmanager
def claim(layout: Layout, *, purpose: str) -> Iterator[Lock]:
    """Hold the folder for as long as the block runs. Raises Problem when somebody else does."""
    try:
        handle = os.open(lock_file(layout), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise from_os_error(error, layout.run) from error
    try:
        _take(handle, layout)
        lock = Lock(layout, handle, Holder(os.getpid(), purpose, time.time()))
        lock.announce()
        try:
            yield lock
        finally:
            holder_file(layout).unlink(missing_ok=True)
    finally:
        os.close(handle)


def _take(handle: int, layout: Layout) -> None:
    end = time.monotonic() + HANDOVER_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(layout)
            if holder is not None:
                raise Problem(
                    holder.sentence(),
                    "`make status` shows how it is, `make stop` ends it.",
                ) from None
            if time.monotonic() > end:
                raise Problem(
                    f"Something still holds {lock_file(layout)}.",
                    "An earlier run has not ended yet; `make stop` ends it.",
                ) from None
            time.sleep(0.1)
        else:
            return
