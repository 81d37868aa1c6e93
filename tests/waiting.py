"""Waiting for something to become true, with a limit."""

import time
from collections.abc import Callable


def eventually(check: Callable[[], object], *, within: float, every: float = 0.02) -> None:
    """Return as soon as `check` answers something true; fail when it has not in `within` seconds.

    What `check` raises as AssertionError counts as "not yet", and is shown when the time is over.
    """
    deadline = time.monotonic() + within
    problem: AssertionError | None = None
    while True:
        try:
            if check():
                return
        except AssertionError as error:
            problem = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within:g} s: {problem or check}")
        time.sleep(every)
