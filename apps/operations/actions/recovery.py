"""What the reaper does about operations whose worker, message or time is gone."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core.transitions import transition
from apps.operations import queries
from apps.operations.actions.log import write_note
from apps.operations.actions.requests import enqueue
from apps.operations.actions.runs import end_open_steps
from apps.operations.models import Operation
from apps.operations.states import ENDED_STATES, OperationState, StepState

_NOBODY = {"lease_expires_at": None, "worker": ""}


@transaction.atomic
def recover_lost_operation(*, operation_id: UUID, retry_safe: bool) -> Operation | None:
    """Queue an operation again whose worker stopped renewing its lease, or say that it is lost.

    None when the lease turns out to be good.
    """
    operation = queries.lock_operation(operation_id=operation_id)
    if not queries.is_lease_expired(operation=operation):
        return None
    stopped = f"The worker stopped at {_last_sign(operation):%H:%M:%S} UTC."
    lost = operation.lost_workers + 1
    if operation.cancel_requested_at is not None:
        _end_as_cancelled(operation, stopped)
    elif not retry_safe:
        _fail(
            operation,
            error=f"{stopped} How far it came is not known, so it was not started again.",
            fix="Look at what it was working on, then retry.",
            lost_workers=lost,
        )
    elif lost > settings.OPERATION_LOST_WORKERS_ALLOWED:
        _fail(
            operation,
            error=f"{stopped} It has lost {lost} workers in a row and was given up.",
            fix="Look at the worker's log for why it stops, then retry.",
            lost_workers=lost,
        )
    else:
        _queue_again(operation, stopped, lost_workers=lost)
    return operation


@transaction.atomic
def expire_operation(*, operation_id: UUID) -> Operation | None:
    """Fail a running operation whose deadline has passed; its worker loses the right to write."""
    operation = queries.lock_operation(operation_id=operation_id)
    deadline = operation.state_deadline
    if operation.state in ENDED_STATES or deadline is None or deadline > timezone.now():
        return None
    _fail(
        operation,
        error=f"It was not done by {deadline:%H:%M:%S} UTC and was stopped.",
        fix="Look at the last lines of its log for what it was waiting for, then retry.",
        lost_workers=operation.lost_workers,
    )
    return operation


@transaction.atomic
def resend_message(*, operation_id: UUID) -> Operation | None:
    """Send the message of a waiting operation again, in case the broker forgot the first.

    Twice is harmless: the second to arrive finds the operation taken.
    """
    operation = queries.lock_operation(operation_id=operation_id)
    if operation.state != OperationState.QUEUED:
        return None
    operation.enqueued_at = timezone.now()
    operation.save(update_fields=["enqueued_at", "updated_at"])
    transaction.on_commit(partial(enqueue, operation))
    return operation


def end_lease(*, operation_id: UUID, worker: str) -> None:
    """This worker is known to be gone: nobody needs to wait until its lease runs out."""
    Operation.objects.filter(pk=operation_id, worker=worker, state=OperationState.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def mark_settled(*, operation_id: UUID) -> None:
    """What the operation was about has been told how it ended."""
    Operation.objects.filter(pk=operation_id, state__in=ENDED_STATES).update(
        settled_at=timezone.now()
    )


def _last_sign(operation: Operation) -> datetime:
    """When the worker was last known to live."""
    expired_at = operation.lease_expires_at or timezone.now()
    renewed_at = expired_at - timedelta(seconds=settings.OPERATION_LEASE_SECONDS)
    return max(renewed_at, operation.state_since)


def _queue_again(operation: Operation, stopped: str, *, lost_workers: int) -> None:
    step = queries.find_next_step(operation=operation)
    at = f" It continues with “{step.title}”." if step else " It starts again."
    write_note(locked=operation, text=f"{stopped}{at}", level="warning")
    end_open_steps(operation, to=StepState.PENDING)
    transition(
        operation,
        to=OperationState.QUEUED,
        reason=f"{stopped} Another one continues.",
        changes={
            **_NOBODY,
            "attempt": operation.attempt + 1,
            "lost_workers": lost_workers,
            "enqueued_at": timezone.now(),
        },
    )
    transaction.on_commit(partial(enqueue, operation))


def _fail(operation: Operation, *, error: str, fix: str, lost_workers: int) -> None:
    write_note(locked=operation, text=error, level="error")
    end_open_steps(operation, to=StepState.FAILED, detail=error)
    transition(
        operation,
        to=OperationState.FAILED,
        reason=error,
        changes={
            **_NOBODY,
            "error": error,
            "fix": fix,
            "lost_workers": lost_workers,
            "finished_at": timezone.now(),
        },
    )


def _end_as_cancelled(operation: Operation, stopped: str) -> None:
    write_note(locked=operation, text=f"{stopped} It had been asked to cancel.", level="warning")
    end_open_steps(operation, to=StepState.CANCELLED)
    transition(
        operation,
        to=OperationState.CANCELLED,
        reason=f"{stopped} It had been asked to cancel.",
        changes={**_NOBODY, "finished_at": timezone.now()},
    )
