"""Asking a helper program that may not be there."""

import subprocess
from collections.abc import Callable, Sequence

Runner = Callable[[Sequence[str]], str | None]

SECONDS_ALLOWED = 10  # nvidia-smi waits long for a card that has fallen off the bus


def run_command(command: Sequence[str]) -> str | None:
    """What the program printed, or None when it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=SECONDS_ALLOWED,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
