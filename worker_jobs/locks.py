"""Turns: who may work on a deployment now. Postgres gives a turn back when its holder dies."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

POLL_SECONDS = 0.02
DEPLOYMENTS = 7001  # the family of advisory locks; the number means nothing
SYNC = 7002


@contextmanager
def deployment_lock(deployment_id: int, *, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Be the only one to work on a deployment; whether the turn was given in time."""
    with _held(DEPLOYMENTS, deployment_id, wait_seconds) as held:
        yield held


@contextmanager
def sync_lock() -> Iterator[bool]:
    """Be the only one to look at the runtimes; False at once when somebody else does."""
    with _held(SYNC, 0, 0.0) as held:
        yield held


@contextmanager
def _held(family: int, number: int, wait_seconds: float) -> Iterator[bool]:
    end = time.monotonic() + wait_seconds
    while not (held := _call("pg_try_advisory_lock", family, number)):
        if time.monotonic() >= end:
            break
        time.sleep(POLL_SECONDS)
    try:
        yield held
    finally:
        # A connection that broke has given the lock back by itself.
        if held and connection.connection is not None and not connection.connection.closed:
            _call("pg_advisory_unlock", family, number)


def _call(function: str, family: int, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"select {function}(%s, %s)", [family, number])
        row = cursor.fetchone()
    return bool(row and row[0])
