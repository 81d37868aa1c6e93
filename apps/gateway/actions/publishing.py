"""Telling every gateway process what is true now."""

import logging
import time
from typing import Any

import msgspec
import redis
from django.db import transaction

from apps.core.redis import get_redis
from apps.gateway import queries
from apps.gateway.dataplane import snapshot

# Versions only grow, whoever publishes last: a slow publisher must not bring back what another
# has already replaced.
_SET_IF_NEWER = """
local known = tonumber(redis.call('GETRANGE', KEYS[1], 0, 39):match('^{"version":(%d+)') or '0')
if known >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[2], ARGV[1])
return 1
"""

logger = logging.getLogger(__name__)


def publish_routes() -> None:
    """Send the gateway's table to Redis once the current transaction has committed.

    Redis being away is no error here: `repair_published_routes` sends it when it is back.
    """
    transaction.on_commit(_publish_now)


def _publish_now() -> None:
    try:
        _send(queries.build_snapshot(version=_next_version()))
    except redis.RedisError as problem:
        logger.warning("gateway table not published", extra={"error": str(problem)})


def repair_published_routes() -> bool:
    """Publish again if what is in Redis is not what the database says; whether it was needed.

    Raises redis.RedisError.
    """
    version = _next_version()
    current = queries.build_snapshot(version=version)
    if _published() == msgspec.structs.replace(current, version=0):
        return False
    return _send(current)


def _next_version() -> int:
    """Taken before the rows are read, in microseconds, and above what is published."""
    beginning = _raw_client().getrange(snapshot.SNAPSHOT_KEY, 0, snapshot.VERSION_BYTES - 1)
    known = snapshot.version_of(_bytes(beginning)) or 0
    return max(time.time_ns() // 1000, known + 1)


def _published() -> snapshot.Snapshot | None:
    raw = _bytes(_raw_client().get(snapshot.SNAPSHOT_KEY))
    try:
        return msgspec.structs.replace(snapshot.decode(raw), version=0)
    except msgspec.DecodeError:
        return None


def _send(document: snapshot.Snapshot) -> bool:
    sent = get_redis().eval(
        _SET_IF_NEWER,
        2,
        snapshot.SNAPSHOT_KEY,
        snapshot.CHANGED_CHANNEL,
        str(document.version),
        snapshot.encode(document).decode(),
    )
    return bool(sent)


def _raw_client() -> Any:
    return get_redis()


def _bytes(text: Any) -> bytes:
    return str(text or "").encode()
