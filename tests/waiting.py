"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(check: Callable[[], Value], *, within: float = 5.0, every: float = 0.02) -> Value:
    """The first truthy answer of `check`, asked again until `within` seconds are over.

    An AssertionError in the check counts as "not yet". Raises AssertionError at the end.
    """
    until = time.monotonic() + within
    while True:
        said: object
        try:
            answer = check()
        except AssertionError as error:
            said = error
        else:
            if answer:
                return answer
            said = answer
        if time.monotonic() > until:
            raise AssertionError(f"Not within {within} s: {check} said {said!r}.")
        time.sleep(every)
