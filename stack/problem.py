"""What went wrong, said to a person, together with what to do about it."""

import errno
from pathlib import Path


class Problem(Exception):
    """Ends the command with one clear sentence instead of a traceback.

    `fix` is the sentence that says what to do; empty when there is nothing to do.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


def from_os_error(error: OSError, path: Path | str) -> Problem:
    """The sentence for a file operation that failed on `path`."""
    if error.errno == errno.ENOSPC:
        return Problem(
            f"The disk that holds {path} is full.",
            "Free some space there, or point HEARTH_VAR at another disk, and start again.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Problem(
            f"{path} cannot be written by this user.",
            "Give it to the user who starts Hearth (chown), or point HEARTH_VAR at a folder "
            "that can be written.",
        )
    return Problem(f"{path}: {error.strerror or error}.")
