"""The one place that opens Redis connections for the control plane."""

from functools import cache

import redis
import redis.asyncio
from django.conf import settings


@cache
def get_redis() -> redis.Redis:
    """The shared, pooled client for short commands."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2, decode_responses=True
    )


def blocking_redis(*, block_seconds: float) -> redis.Redis:
    """A client for a command that waits: its socket outlasts the wait."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=block_seconds + 10,
        socket_connect_timeout=2,
        decode_responses=True,
    )


def async_blocking_redis(*, block_seconds: float) -> redis.asyncio.Redis:
    """The same for the event loop of the web process."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=block_seconds + 10,
        socket_connect_timeout=2,
        decode_responses=True,
    )
