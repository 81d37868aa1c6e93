"""What the worker at an operation writes. Every write proves that it still holds the lease."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from apps.core.transitions import advance, transition
from apps.operations.actions.log import LogLine, publish_update, write_lines, write_note
from apps.operations.models import Operation, OperationStep
from apps.operations.states import OperationState, StepState


class LeaseLost(Exception):
    """Somebody else holds this operation now, or it has ended: nothing more may be written."""


@dataclass(frozen=True)
class Hold:
    """The right to write to one running operation, until a higher fence is given out."""

    operation_id: UUID
    fence: int


@transaction.atomic
def claim_operation(
    *, operation_id: str | UUID, worker: str, lease_seconds: float, deadline_seconds: float | None
) -> Operation | None:
    """Take a queued operation, or None when somebody else was first or it is no longer queued.

    The row lock makes it one winner; the new fence shuts out whoever held it before.
    """
    operation = (
        Operation.objects.select_for_update()
        .filter(pk=operation_id, state=OperationState.QUEUED)
        .first()
    )
    if operation is None:
        return None
    now = timezone.now()
    transition(
        operation,
        to=OperationState.RUNNING,
        deadline=now + timedelta(seconds=deadline_seconds) if deadline_seconds else None,
        changes={
            "worker": worker,
            "fence": operation.fence + 1,
            "started_at": operation.started_at or now,
        },
    )
    # The database's clock decides about leases: workers may run on machines that disagree.
    Operation.objects.filter(pk=operation.pk).update(
        lease_expires_at=Now() + timedelta(seconds=lease_seconds)
    )
    return operation


def renew_leases(*, holds: Collection[Hold], lease_seconds: float) -> set[Hold]:
    """Extend all leases in one statement; the holds that are still good."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_operation AS operation"
            " SET lease_expires_at = statement_timestamp() + make_interval(secs => %s)"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS held(id, fence)"
            " WHERE operation.id = held.id AND operation.fence = held.fence"
            " AND operation.state = 'running'"
            " RETURNING operation.id, operation.fence",
            [
                lease_seconds,
                [hold.operation_id for hold in holds],
                [hold.fence for hold in holds],
            ],
        )
        return {Hold(operation_id, fence) for operation_id, fence in cursor.fetchall()}


@transaction.atomic
def start_step(*, hold: Hold, name: str, title: str = "") -> OperationStep:
    """Begin a step, or return it unchanged when an earlier attempt has done it.

    A step that nobody planned is added at the end. Raises LeaseLost.
    """
    operation = _lock(hold)
    step = OperationStep.objects.filter(operation=operation, name=name).first()
    if step is None:
        last = operation.steps.aggregate(last=Max("position"))["last"] or 0
        step = OperationStep(operation=operation, name=name, title=title or name, position=last + 1)
        step.save()
    if step.state == StepState.SUCCEEDED:
        return step
    advance(
        step,
        to=StepState.RUNNING,
        changes={
            "attempt": operation.attempt,
            "started_at": timezone.now(),
            "finished_at": None,
            "detail": "",
        },
    )
    publish_update(operation)
    return step


@transaction.atomic
def end_step(
    *,
    hold: Hold,
    step: OperationStep,
    state: StepState,
    detail: str = "",
    result: dict[str, Any] | None = None,
) -> None:
    """Record how a step ended. `result` is kept for later attempts. Raises LeaseLost."""
    operation = _lock(hold)
    changes: dict[str, Any] = {"finished_at": timezone.now(), "detail": detail}
    if result is not None:
        changes["result"] = result
    advance(step, to=state, changes=changes)
    publish_update(operation)


@transaction.atomic
def append_log(*, hold: Hold, lines: Sequence[LogLine]) -> None:
    """Raises LeaseLost."""
    write_lines(locked=_lock(hold), lines=lines)


@transaction.atomic
def note_progress(*, hold: Hold, share: float | None, text: str) -> None:
    """`share` is 0 to 1, or None while it cannot be told. Raises LeaseLost."""
    operation = _lock(hold)
    operation.progress, operation.progress_text = share, text[:200]
    operation.save(update_fields=["progress", "progress_text", "updated_at"])
    publish_update(operation)


@transaction.atomic
def finish_run(*, hold: Hold) -> Operation:
    """Raises LeaseLost."""
    operation = _lock(hold)
    if operation.cancel_requested_at is not None:
        write_note(locked=operation, text="It was done before it could be cancelled.")
    now = timezone.now()
    transition(
        operation,
        to=OperationState.SUCCEEDED,
        changes={**_ENDED, "progress": 1.0, "finished_at": now, "settled_at": now},
    )
    return operation


@transaction.atomic
def fail_run(*, hold: Hold, error: str, fix: str = "") -> Operation:
    """Raises LeaseLost."""
    operation = _lock(hold)
    write_note(locked=operation, text=error, level="error")
    end_open_steps(operation, to=StepState.FAILED, detail=error)
    transition(
        operation,
        to=OperationState.FAILED,
        reason=error,
        changes={**_ENDED, "error": error, "fix": fix, "finished_at": timezone.now()},
    )
    return operation


@transaction.atomic
def cancel_run(*, hold: Hold) -> Operation:
    """The job has stopped because it was asked to. Raises LeaseLost."""
    operation = _lock(hold)
    write_note(locked=operation, text="Cancelled: the work has stopped.")
    end_open_steps(operation, to=StepState.CANCELLED)
    transition(
        operation,
        to=OperationState.CANCELLED,
        reason="It was cancelled and the work has stopped.",
        changes={**_ENDED, "finished_at": timezone.now()},
    )
    return operation


@transaction.atomic
def release_run(*, hold: Hold, reason: str) -> Operation:
    """Put the operation back in the queue for another worker. Raises LeaseLost."""
    operation = _lock(hold)
    write_note(locked=operation, text=reason)
    end_open_steps(operation, to=StepState.PENDING)
    transition(
        operation,
        to=OperationState.QUEUED,
        reason=reason,
        changes={**_ENDED, "enqueued_at": timezone.now()},
    )
    return operation


def end_open_steps(operation: Operation, *, to: StepState, detail: str = "") -> None:
    """Close the steps that are still marked as running."""
    finished_at = None if to == StepState.PENDING else timezone.now()
    for step in operation.steps.filter(state=StepState.RUNNING):
        advance(step, to=to, changes={"finished_at": finished_at, "detail": detail})


def _lock(hold: Hold) -> Operation:
    operation = (
        Operation.objects.select_for_update()
        .filter(pk=hold.operation_id, fence=hold.fence, state=OperationState.RUNNING)
        .first()
    )
    if operation is None:
        raise LeaseLost(f"Operation {hold.operation_id} is no longer held with {hold.fence}.")
    return operation


_ENDED: dict[str, Any] = {"lease_expires_at": None, "worker": ""}
