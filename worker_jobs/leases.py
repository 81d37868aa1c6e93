"""Two threads per worker process that look after all operations it works on.

One renews the leases and notices who asked to cancel, the other writes log lines. They are apart
so that a slow write never costs a lease.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from apps.operations import actions, queries
from worker_jobs.operation_run import OperationRun

LOOK_SECONDS = 0.5  # how often to ask whether somebody cancelled
WRITE_SECONDS = 0.2

logger = logging.getLogger(__name__)

_runs: set[OperationRun] = set()
_lock = threading.Lock()


@contextmanager
def kept_alive(run: OperationRun) -> Iterator[None]:
    """Renew the run's lease and write its log until the block ends."""
    _ensure_threads()
    with _lock:
        _runs.add(run)
    try:
        yield
    finally:
        with _lock:
            _runs.discard(run)


def interrupt_all() -> None:
    """The worker is asked to stop: every job hears of it at its next check."""
    for run in _current():
        run.interrupt("stopping")


def look_after(*, renew: bool) -> None:
    """Notice cancels and lost leases of all runs; with `renew` also extend the leases."""
    runs = {run.hold: run for run in _current()}
    if not runs:
        return
    asked_at = time.monotonic()
    if renew:
        good = actions.renew_leases(
            holds=runs.keys(), lease_seconds=settings.OPERATION_LEASE_SECONDS
        )
        for hold in good:
            runs[hold].renewed(at=asked_at)
    held = queries.list_held(operation_ids=[hold.operation_id for hold in runs])
    for hold, run in runs.items():
        fence, cancelled = held.get(hold.operation_id, (0, False))
        if fence != hold.fence:
            run.interrupt("lost")
        elif cancelled:
            run.interrupt("cancelled")


def write_logs() -> None:
    for run in _current():
        run.flush()


def _current() -> list[OperationRun]:
    with _lock:
        return list(_runs)


@cache
def _ensure_threads() -> None:
    for name, work, pause in (
        ("operation-leases", _beat(), LOOK_SECONDS),
        ("operation-logs", write_logs, WRITE_SECONDS),
    ):
        threading.Thread(target=_repeat, args=(work, pause), name=name, daemon=True).start()


def _beat() -> Callable[[], None]:
    renewed_at = float("-inf")

    def beat() -> None:
        nonlocal renewed_at
        due = time.monotonic() - renewed_at >= settings.OPERATION_HEARTBEAT_SECONDS
        look_after(renew=due)
        if due:
            renewed_at = time.monotonic()

    return beat


def _repeat(work: Callable[[], None], pause: float) -> None:
    while True:
        time.sleep(pause)
        try:
            if _runs:
                work()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("operations not looked after", extra={"error": str(error)})
        finally:
            connections.close_all()
