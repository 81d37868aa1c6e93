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

__all__ = ["breaking", "errors", "leaving", "passing", "pressure", "reuse", "streams"]
