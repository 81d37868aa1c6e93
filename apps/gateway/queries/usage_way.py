"""Usage on its way from the gateways to the database: what waits where."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from apps.core.redis import get_redis
from apps.gateway.dataplane.usage import SPOOLS_HASH, USAGE_STREAM, Spool, decode_spool

_SPOOL_FRESH_SECONDS = 30.0


@dataclass(frozen=True)
class UsageWay:
    """For how many seconds the oldest has waited in Redis for a worker; `problems` are what
    gateway processes say of their journals."""

    oldest_seconds: float
    problems: tuple[str, ...]


def look_at_usage_way() -> UsageWay:
    """Raises redis.RedisError."""
    client = get_redis()
    first: Any = client.xrange(USAGE_STREAM, count=1)
    made_at = int(first[0][0].partition("-")[0]) / 1000 if first else time.time()
    return UsageWay(
        oldest_seconds=max(0.0, time.time() - made_at),
        problems=tuple(spool.problem for spool in _spools() if spool.problem),
    )


def _spools() -> Iterator[Spool]:
    told: Any = get_redis().hgetall(SPOOLS_HASH)
    for raw in told.values():
        try:
            spool = decode_spool(raw)
        except msgspec.DecodeError:
            continue
        if time.time() - spool.at < _SPOOL_FRESH_SECONDS:
            yield spool
