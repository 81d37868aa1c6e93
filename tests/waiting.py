"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(check: Callable[[], Value], *, within: float = 30.0, every: float = 0.02) -> Value:
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


def once_quick(attempt: Callable[[], float], *, under: float, tries: int = 5) -> None:
    """One attempt takes less than `under` seconds, as it says itself.

    What the others take is the business of a busy machine.
    """
    took: list[float] = []
    while not took or min(took) >= under:
        assert len(took) < tries, f"All took {under} s or longer: {took}."
        took.append(attempt())
