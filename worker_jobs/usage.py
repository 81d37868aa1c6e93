"""What requests have cost, from the streams into the database; and what is kept of it how long."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

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
from apps.gateway.dataplane.usage import (
    BODIES_STREAM,
    USAGE_FIELD,
    USAGE_STREAM,
    decode_bodies,
    decode_record,
)
from worker_jobs.periodic import periodic

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
Record = TypeVar("Record", bound=Any)


def write_usage(stopping: threading.Event, *, claim_after: float = CLAIM_AFTER_SECONDS) -> None:
    """Move usage from the Redis streams to the database until told to stop.

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
                    _make_groups(client)
                    prepared = True
                for stream, entries in _entries(client, consumer, claim_after):
                    _STORE[stream](entries)
                    _acknowledge(client, stream, entries)
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


def _entries(
    client: redis.Redis, consumer: str, claim_after: float
) -> Iterator[tuple[str, list[Entry]]]:
    """What this consumer took and has not stored, what dead ones left, and what is new."""
    yield from _read(client, consumer, "0")
    for stream in _STORE:
        yield stream, _claimed(client, stream, consumer, claim_after)
    yield from _read(client, consumer, ">")


def _read(client: redis.Redis, consumer: str, position: str) -> Iterator[tuple[str, list[Entry]]]:
    read: Any = client.xreadgroup(
        GROUP,
        consumer,
        dict.fromkeys(_STORE, position),
        count=_ENTRIES_AT_ONCE,
        block=int(_BLOCK_SECONDS * 1000),
    )
    yield from read or []


def _claimed(client: redis.Redis, stream: str, consumer: str, claim_after: float) -> list[Entry]:
    claimed: Any = client.xautoclaim(
        stream, GROUP, consumer, int(claim_after * 1000), count=_ENTRIES_AT_ONCE
    )
    entries: list[Entry] = claimed[1]
    return entries


def _make_groups(client: redis.Redis) -> None:
    """Needed by the first reader, and again after Redis came back empty."""
    for stream in _STORE:
        try:
            client.xgroup_create(stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as problem:
            if "BUSYGROUP" not in str(problem):
                raise


def _store_usage(entries: Sequence[Entry]) -> None:
    _store(
        list(_records(entries, decode_record)),
        lambda records: actions.record_usage(records=records),
    )


def _store_bodies(entries: Sequence[Entry]) -> None:
    _store(
        list(_records(entries, decode_bodies)),
        lambda records: actions.record_bodies(records=records),
    )


_STORE = {USAGE_STREAM: _store_usage, BODIES_STREAM: _store_bodies}


def _store(records: list[Record], write: Callable[[list[Record]], None]) -> None:
    """One record that no database takes must not hold up all the others."""
    if not records:
        return
    try:
        write(records)
    except _UNSTORABLE:
        for record in records:
            try:
                write([record])
            except _UNSTORABLE as problem:
                logger.error("record %s left out: %s", record.id, problem)  # noqa: TRY400


def _records(entries: Sequence[Entry], decode: Callable[[str], Record]) -> Iterator[Record]:
    for _, fields in entries:
        for line in filter(None, fields.get(USAGE_FIELD, "").split("\n")):
            try:
                yield decode(line)
            except msgspec.DecodeError as problem:
                logger.warning("a torn line of usage left out: %s", problem)


def _acknowledge(client: redis.Redis, stream: str, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    ids = [entry_id for entry_id, _ in entries]
    with client.pipeline(transaction=True) as pipe:
        pipe.xack(stream, GROUP, *ids)
        pipe.xdel(stream, *ids)
        pipe.execute()


# -- what is kept how long


@periodic(every=600)
def keep_usage() -> None:
    """Tables for the time to come are made, and those whose time is over dropped."""
    for name in actions.make_usage_room():
        logger.info("usage has room in %s", name)
    for name in actions.drop_old_usage():
        logger.info("%s was older than anybody keeps usage", name)
    actions.forget_dead_spools()


@periodic(every=6 * 3600)
def prove_usage() -> None:
    """What the sums say is what their requests say; where it is not, the requests are right."""
    wrong = actions.mend_sums()
    if wrong:
        logger.error("usage of %d hours and days was not what requests say; mended", wrong)


# -- life

_stopping = threading.Event()


@worker_ready.connect
def start_usage_writer(**_: Any) -> None:
    threading.Thread(target=write_usage, args=(_stopping,), name="usage-writer").start()


@worker_shutting_down.connect
def stop_usage_writer(**_: Any) -> None:
    _stopping.set()
