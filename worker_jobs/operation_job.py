"""@operation_job(kind): how a Celery message becomes work on an operation, and how that ends."""

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from apps.core.errors import AppError
from apps.operations import actions, queries
from apps.operations.actions import LeaseLost
from apps.operations.models import Operation
from apps.operations.states import OperationState
from worker_jobs.leases import kept_alive
from worker_jobs.operation_run import (
    OperationCancelled,
    OperationFailed,
    OperationRun,
    Step,
    WorkerStopping,
)

__all__ = [
    "JOBS",
    "LeaseLost",
    "OperationCancelled",
    "OperationFailed",
    "OperationJob",
    "OperationRun",
    "Step",
    "operation_job",
    "perform",
    "settle",
    "worker_host",
]

logger = logging.getLogger(__name__)

Work = Callable[[OperationRun], None]
# Moves the subject's state when its operation has ended badly: rows only, and safe to run twice.
Hook = Callable[[Operation, str], None]


class OperationJob:
    """The work behind one kind of operation, and who is told when it fails or is cancelled."""

    def __init__(
        self, kind: str, work: Work, *, retry_safe: bool, deadline_seconds: float | None
    ) -> None:
        self.kind = kind
        self.work = work
        self.retry_safe = retry_safe
        self.deadline_seconds = deadline_seconds
        self.hooks: dict[str, Hook] = {}

    def __call__(self, run: OperationRun) -> None:
        self.work(run)

    def on_failure(self, hook: Hook) -> Hook:
        """`hook(operation, reason)` runs in the transaction that records the failure."""
        self.hooks[OperationState.FAILED] = hook
        return hook

    def on_cancel(self, hook: Hook) -> Hook:
        """`hook(operation, reason)` runs in the transaction that records the cancellation."""
        self.hooks[OperationState.CANCELLED] = hook
        return hook


JOBS: dict[str, OperationJob] = {}


def operation_job(
    kind: str, *, retry_safe: bool = True, deadline_seconds: float | None = None
) -> Callable[[Work], OperationJob]:
    """Register `worker_jobs.<kind>`.

    After a lost worker a job that is `retry_safe` is started again and skips the steps that are
    done; another one is recorded as failed. Past `deadline_seconds` the attempt is failed.
    """

    def register(work: Work) -> OperationJob:
        job = OperationJob(kind, work, retry_safe=retry_safe, deadline_seconds=deadline_seconds)
        JOBS[kind] = job

        @shared_task(name=f"worker_jobs.{kind}")
        def consume(*, operation_id: str) -> None:
            _consume(operation_id)

        return job

    return register


def perform(operation_id: str | UUID, *, watched: bool = True) -> None:
    """Claim the operation and work on it to its end; nothing when somebody else has it.

    With `watched` off everything happens in the calling thread.
    """
    operation = queries.find_operation(operation_id=operation_id)
    if operation is None:
        return
    job = JOBS[operation.kind]
    claimed = actions.claim_operation(
        operation_id=operation.pk,
        worker=_worker_name(),
        lease_seconds=settings.OPERATION_LEASE_SECONDS,
        deadline_seconds=job.deadline_seconds,
    )
    if claimed is None:
        settle(operation.pk)
        return
    run = OperationRun(claimed, watched=watched)
    with (
        structlog.contextvars.bound_contextvars(operation_id=str(claimed.pk)),
        kept_alive(run) if watched else nullcontext(),
    ):
        end = _attempt(job, run)
        _persist(end, run)


def settle(operation_id: UUID) -> None:
    """Tell the subject how its operation ended, if that has not happened yet."""
    with transaction.atomic():
        operation = queries.lock_operation(operation_id=operation_id)
        if operation.settled_at is None and operation.state in _SETTLED_BY_HOOKS:
            _run_hook(operation)


_SETTLED_BY_HOOKS = frozenset({OperationState.FAILED, OperationState.CANCELLED})

End = Callable[[], Operation | None]


def _attempt(job: OperationJob, run: OperationRun) -> End:
    """Do the work; how to record the way it ended."""
    hold = run.hold
    try:
        job.work(run)
        run.check_lease()
    except OperationCancelled:
        return lambda: actions.cancel_run(hold=hold)
    except (OperationFailed, AppError) as error:
        message, fix = run.redacted(error.message), error.fix
        return lambda: actions.fail_run(hold=hold, error=message, fix=fix)
    except WorkerStopping:
        reason = "The worker was stopped. The next one continues."
        return lambda: actions.release_run(hold=hold, reason=reason)
    except LeaseLost:
        logger.warning("operation went to somebody else", extra={"operation": str(hold)})
        return lambda: None
    except (OperationalError, InterfaceError):
        # Postgres is away: the lease runs out and the reaper puts the operation back.
        logger.exception("operation left to the reaper")
        return lambda: None
    except Exception as error:
        logger.exception("operation failed in a way nobody foresaw")
        said = run.redacted(f"{type(error).__name__}: {error}")
        return lambda: actions.fail_run(
            hold=hold,
            error=f"Hearth itself went wrong: {said}",
            fix="Retry. If it fails again, the worker's log has the details under this operation.",
        )
    return lambda: actions.finish_run(hold=hold)


def _persist(end: End, run: OperationRun) -> None:
    """Record the end, trying for as long as the lease can last when Postgres is away."""
    until = time.monotonic() + settings.OPERATION_LEASE_SECONDS
    while True:
        try:
            run.flush()
            _record(end)
        except LeaseLost:
            logger.warning("operation ended elsewhere", extra={"operation": str(run.hold)})
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                logger.exception("end of an operation not recorded; left to the reaper")
                return
            time.sleep(0.5)
            continue
        return


def _record(end: End) -> None:
    with transaction.atomic():
        operation = end()
        if operation is not None and operation.state in _SETTLED_BY_HOOKS:
            _run_hook(operation)


def _run_hook(operation: Operation) -> None:
    """Run the job's hook and mark the operation as settled, in the caller's transaction."""
    job = JOBS.get(operation.kind)
    hook = job.hooks.get(operation.state) if job else None
    if hook is not None:
        try:
            with transaction.atomic():
                hook(operation, operation.state_reason)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # The operation has ended all the same; a hook that cannot work is not tried for ever.
            logger.exception("hook after an operation failed", extra={"kind": operation.kind})
    actions.mark_settled(operation_id=operation.pk)


# Long operations may take this many threads of the process and no more, so that the periodic
# jobs in the same pool always find one. What is turned away waits here for a place.
_places = threading.BoundedSemaphore(settings.OPERATIONS_AT_ONCE)
_turned_away: deque[str] = deque()


def _consume(operation_id: str) -> None:
    if not _places.acquire(blocking=False):
        _turned_away.append(operation_id)
        return
    try:
        perform(operation_id)
    finally:
        _places.release()
        _call_next()


def _call_next() -> None:
    try:
        waiting = _turned_away.popleft()
    except IndexError:
        return
    actions.resend_message(operation_id=UUID(waiting))


def worker_host() -> str:
    """This machine, as operations name it."""
    return socket.gethostname()[:80]


def _worker_name() -> str:
    return f"{worker_host()}:{os.getpid()}"
