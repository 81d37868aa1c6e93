"""Reading model files that are already on this machine."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from apps.models import store
from apps.models.fit import gigabytes
from worker_jobs.operation_run import OperationFailed

CHUNK = 4 * 1024 * 1024

Tick = Callable[[int, int], None]  # bytes done, bytes in all; raises to stop


def copy_and_hash(source: Path, target: Path, *, tick: Tick) -> str:
    """Copy a regular file and return its SHA-256. A hard link would be quicker, but then whoever
    writes to the original would change a verified model.

    Raises OperationFailed with a sentence when the file cannot be read, changes meanwhile or does
    not fit on the disk, and whatever `tick` raises.
    """
    digest = hashlib.sha256()
    with open(_opened(source), "rb") as file:
        before = os.fstat(file.fileno())
        if before.st_size > store.room_for_files():
            raise _no_room(before.st_size)
        try:
            with target.open("wb") as copy:
                done = 0
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    copy.write(chunk)
                    done += len(chunk)
                    tick(done, before.st_size)
        except OSError as error:
            if store.is_disk_full(error):
                raise _no_room(before.st_size) from error
            raise OperationFailed(
                f"The file could not be copied: {error.strerror}.",
                fix="Check the disk it lies on and the one of the model store.",
            ) from error
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OperationFailed(
            f"{source} changed while it was copied.", fix="Retry when nothing writes to it."
        )
    return digest.hexdigest()


def hash_file(path: Path, *, tick: Tick) -> str:
    """The SHA-256 of a file in the store. Raises OSError, and whatever `tick` raises."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        # What was verified long ago must come from the disk, not from what memory still holds.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            tick(done, size)
    return digest.hexdigest()


def _opened(source: Path) -> int:
    """A descriptor of a regular file; never blocks on a pipe or device."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise OperationFailed(
            f"There is no file {source} on this machine.",
            fix="Check the path: it is looked up where Hearth runs, not where your browser is.",
        ) from None
    except OSError as error:
        raise OperationFailed(
            f"Hearth may not read {source}: {error.strerror}.",
            fix="Let the user that Hearth runs as read it, or upload it instead.",
        ) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OperationFailed(f"{source} is not a file.", fix="Give the path of a .gguf file.")
    return handle


def _no_room(size: int) -> OperationFailed:
    return OperationFailed(
        f"The file needs {gigabytes(size)} and the disk has room for "
        f"{gigabytes(store.room_for_files())}.",
        fix="Delete models that nobody uses, or move var/ to a larger disk.",
    )
