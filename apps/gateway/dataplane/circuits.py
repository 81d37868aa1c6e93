"""What every gateway process tells about the endpoints that do not work for it: one Redis hash.

A field per process and endpoint, only while the circuit is not closed. Reports are renewed every
two seconds, so that one which is older than STALE_SECONDS is of a process that has ended.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

CIRCUITS_HASH = "hearth:gateway:circuits"
STALE_SECONDS = 10.0


class CircuitReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times are unix seconds."""

    endpoint: str  # its id
    name: str  # as in `x-served-by`
    state: Literal["open", "half_open"]
    since: float
    cause: str
    reason: str
    process: str
    at: float  # when this was written
    probe_at: float | None = None  # the next look at it, while it is open
    deployment_id: int | None = None
    upstream_id: int | None = None
    replica_id: str | None = None


_decode = msgspec.json.Decoder(CircuitReport).decode


def read_reports(values: Iterable[bytes | str], *, now: float) -> list[CircuitReport]:
    """The reports that still hold, newest trouble first, from the values of CIRCUITS_HASH."""
    reports = [_decode(value) for value in values]
    fresh = [report for report in reports if now - report.at <= STALE_SECONDS]
    return sorted(fresh, key=lambda report: -report.since)
