"""The checks, one module per subject. Importing this package registers all of them."""

from benchmarks.conformance.checks import (
    breaking,
    errors,
    leaving,
    passing,
    pressure,
    reuse,
    streams,
)
from benchmarks.conformance.kit import PROMISES

# What leaves a weak gateway in a bad state comes last.
_ORDER = (streams, passing, errors, breaking, reuse, leaving, pressure)
PROMISES.sort(key=lambda each: [module.__name__ for module in _ORDER].index(each.check.__module__))

__all__ = ["breaking", "errors", "leaving", "passing", "pressure", "reuse", "streams"]
