"""Which endpoints the gateway processes pass over now, as they say themselves."""

import logging
import time
from typing import Any

import msgspec
import redis

from apps.core.redis import get_redis
from apps.gateway.dataplane.circuits import CIRCUITS_HASH, CircuitReport, read_reports
from apps.gateway.models import Upstream

logger = logging.getLogger(__name__)


def read_circuits() -> list[CircuitReport]:
    """Newest trouble first, one per process and endpoint; empty while Redis does not say."""
    client: Any = get_redis()
    try:
        return read_reports(client.hvals(CIRCUITS_HASH), now=time.time())
    except (redis.RedisError, msgspec.DecodeError) as problem:
        logger.warning("circuits not read", extra={"error": str(problem)})
        return []


def add_circuits(upstreams: list[Upstream]) -> None:
    """Give each upstream `circuits`: what the processes that pass it over report."""
    reports = read_circuits() if upstreams else []
    for upstream in upstreams:
        upstream.circuits = [each for each in reports if each.upstream_id == upstream.pk]
