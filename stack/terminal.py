"""Lines on the terminal: a prefix per service, in colour when somebody is watching."""

import contextlib
import os
import sys

COLOURS = {
    "hearth": 37,
    "postgres": 34,
    "redis": 31,
    "web": 32,
    "worker": 33,
    "beat": 36,
    "console": 35,
}
PREFIX_WIDTH = max(len(name) for name in COLOURS)


def coloured() -> bool:
    """Whether the terminal takes colours (https://no-color.org is honoured)."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def say(text: str, *, service: str = "hearth") -> None:
    """Print one line under the service's prefix."""
    prefix = service.rjust(PREFIX_WIDTH)
    if coloured():
        prefix = f"\x1b[{COLOURS.get(service, 37)}m{prefix}\x1b[0m"
    announce(f"{prefix} | {text}")


def announce(text: str) -> None:
    """Print one bare line, for programs that wait for it."""
    # The services go on without a terminal; their lines are in var/log as well.
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)
