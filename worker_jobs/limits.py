"""Budgets that Redis has lost, or never counted, are raised to what the database has counted."""

import logging
import time
from threading import Lock, Thread
from typing import Any

import redis
from celery.signals import worker_ready
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from apps.core.redis import get_redis
from apps.gateway.dataplane.limits import counters
from apps.gateway.queries.settled import list_settled
from worker_jobs.periodic import periodic

SEED_SECONDS = 10.0
LOOK_SECONDS = 2.0
_WHOLE_MONTH_SECONDS = 300.0

logger = logging.getLogger(__name__)

_month_read_at = -_WHOLE_MONTH_SECONDS
_turn = Lock()


@periodic(every=SEED_SECONDS)
def seed_limits() -> None:
    """Hand every budget's settled tokens to Redis, which keeps the larger number.

    A request of a process that was killed, and one from before its key had a limit, is known to the
    database alone. Months are summed up when Redis has come back empty, else every few minutes.
    """
    global _month_read_at  # noqa: PLW0603 - when this worker last did the dear part
    client = get_redis()
    try:
        known = counters.is_seeded(client)
        with _turn:
            whole_month = not known or time.monotonic() - _month_read_at > _WHOLE_MONTH_SECONDS
            # The clock is read before the rows are: what is stored meanwhile is raised next time.
            seeds = list_settled(now=timezone.now(), whole_month=whole_month)
            counters.seed(client, seeds)
            if whole_month:
                _month_read_at = time.monotonic()
    except redis.RedisError as problem:
        logger.warning("budgets are not handed over, Redis does not answer: %s", problem)
        return
    if not known:
        logger.info("Redis had no budgets: %s were counted anew", len(seeds))


@periodic(every=LOOK_SECONDS)
def seed_lost_limits() -> None:
    """While Redis has no budgets, keys that have one are refused: that is not left until the next
    turn."""
    try:
        known = counters.is_seeded(get_redis())
    except redis.RedisError:
        return  # the other job says so
    if not known:
        seed_limits()


@worker_ready.connect
def seed_at_once(**_: Any) -> None:
    """Nobody with a budget is served before the first turn, so it does not wait for its time."""
    Thread(target=_seed_alone, name="seed-limits", daemon=True).start()


def _seed_alone() -> None:
    try:
        seed_limits()
    except (OperationalError, InterfaceError) as problem:
        logger.warning("budgets are not handed over yet: %s", problem)
    finally:
        connections.close_all()
