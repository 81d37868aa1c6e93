"""The gateway's work in the background: usage into the database, the table kept true."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import redis
from celery.signals import worker_ready, worker_shutting_down
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
)

from apps.core.redis import blocking_redis
from apps.gateway import actions
from apps.gateway.dataplane.usage import USAGE_FIELD, USAGE_STREAM, UsageRecord, decode_record

GROUP = "writer"
REPAIR_SECONDS = 10.0
CLAIM_AFTER_SECONDS = 30.0  # a writer that has not stored its entries by then is gone
_BLOCK_SECONDS = 2.0
_ENTRIES_AT_ONCE = 50
_PAUSE_SECONDS = 1.0

_DATABASE_AWAY = (OperationalError, InterfaceError)
_UNSTORABLE = (DataError, IntegrityError, ValueError)

logger = logging.getLogger(__name__)

Entry = tuple[str, dict[str, str]]


def write_usage(stopping: threading.Event, *, claim_after: float = CLAIM_AFTER_SECONDS) -> None:
    """Move usage from the Redis stream to the database until told to stop.

    An entry is acknowledged after its rows are committed. Killed in between, it comes again and
    changes nothing, because a record's id is its row's key. Keeps the published table true too.
    """
    consumer = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    prepared = False
    repaired_at = -REPAIR_SECONDS
    with blocking_redis(block_seconds=_BLOCK_SECONDS) as client:
        while not stopping.is_set():
            try:
                if not prepared:
                    _make_group(client)
                    prepared = True
                for entries in _entries(client, consumer, claim_after):
                    _store(entries)
                    _acknowledge(client, entries)
                if time.monotonic() - repaired_at > REPAIR_SECONDS:
                    repaired_at = time.monotonic()
                    actions.repair_published_routes()
            except (redis.RedisError, *_DATABASE_AWAY) as problem:
                logger.warning("usage waits: %s", problem)
                prepared = False
                stopping.wait(_PAUSE_SECONDS)
            except Exception:
                # A fault of ours in one batch must not end the counting for good.
                logger.exception("usage waits after a fault")
                stopping.wait(_PAUSE_SECONDS)
            finally:
                close_old_connections()


def _entries(client: redis.Redis, consumer: str, claim_after: float) -> Iterator[list[Entry]]:
    """What this consumer took and has not stored, what dead ones left, and what is new."""
    for group_position in ("0", ">"):
        if group_position == ">":
            yield _claimed(client, consumer, claim_after)
        read: Any = client.xreadgroup(
            GROUP,
            consumer,
            {USAGE_STREAM: group_position},
            count=_ENTRIES_AT_ONCE,
            block=int(_BLOCK_SECONDS * 1000),
        )
        yield [entry for _, entries in read or [] for entry in entries]


def _claimed(client: redis.Redis, consumer: str, claim_after: float) -> list[Entry]:
    claimed: Any = client.xautoclaim(
        USAGE_STREAM, GROUP, consumer, int(claim_after * 1000), count=_ENTRIES_AT_ONCE
    )
    entries: list[Entry] = claimed[1]
    return entries


def _make_group(client: redis.Redis) -> None:
    """Needed by the first reader, and again after Redis came back empty."""
    try:
        client.xgroup_create(USAGE_STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as problem:
        if "BUSYGROUP" not in str(problem):
            raise


def _store(entries: Sequence[Entry]) -> None:
    records = [record for _, fields in entries for record in _records(fields)]
    if not records:
        return
    try:
        actions.record_usage(records=records)
    except _UNSTORABLE:
        for record in records:
            _store_alone(record)


def _store_alone(record: UsageRecord) -> None:
    """One record that no database takes must not hold up all the others."""
    try:
        actions.record_usage(records=[record])
    except _UNSTORABLE as problem:
        logger.error("usage record %s left out: %s", record.id, problem)  # noqa: TRY400


def _records(fields: dict[str, str]) -> Iterator[UsageRecord]:
    for line in fields.get(USAGE_FIELD, "").split("\n"):
        if not line:
            continue
        try:
            yield decode_record(line)
        except msgspec.DecodeError as problem:
            logger.warning("a torn line of usage left out: %s", problem)


def _acknowledge(client: redis.Redis, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    ids = [entry_id for entry_id, _ in entries]
    with client.pipeline(transaction=True) as pipe:
        pipe.xack(USAGE_STREAM, GROUP, *ids)
        pipe.xdel(USAGE_STREAM, *ids)
        pipe.execute()


# -- life

_stopping = threading.Event()


@worker_ready.connect
def start_usage_writer(**_: Any) -> None:
    threading.Thread(target=write_usage, args=(_stopping,), name="usage-writer").start()


@worker_shutting_down.connect
def stop_usage_writer(**_: Any) -> None:
    _stopping.set()
