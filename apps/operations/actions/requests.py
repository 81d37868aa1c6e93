"""What people ask for: starting, cancelling and retrying operations."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from apps.accounts.models import Team, User
from apps.core.errors import Conflict
from apps.core.events import publish
from apps.core.transitions import require_state_for, transition
from apps.operations import queries
from apps.operations.actions.log import write_note
from apps.operations.models import Operation, OperationStep
from apps.operations.states import OperationState

logger = logging.getLogger(__name__)

QUEUES = {"nodes": "provisioning", "models": "deployments"}
DEFAULT_QUEUE = "default"


@dataclass(frozen=True)
class StepSpec:
    """A step as it is planned: `name` for code, `title` for people."""

    name: str
    title: str


@transaction.atomic
def request_operation(
    *,
    kind: str,
    subject_type: str,
    subject_id: str,
    subject_name: str,
    team: Team,
    requested_by: User | None,
    steps: Sequence[StepSpec],
    params: dict[str, Any] | None = None,
    exclusive: bool = False,
) -> Operation:
    """Record the operation with its steps and hand it to a worker once the rows are committed.

    `params` are stored and shown: they never hold a secret. An exclusive operation is refused
    with Conflict while another exclusive one of the same subject waits or runs.
    """
    operation = Operation(
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_name=subject_name,
        team=team,
        requested_by=requested_by,
        params=params or {},
        exclusive=exclusive,
        enqueued_at=timezone.now(),
    )
    _insert(operation)
    OperationStep.objects.bulk_create(
        OperationStep(operation=operation, position=position, name=step.name, title=step.title)
        for position, step in enumerate(steps, start=1)
    )
    publish(subject="operation", subject_id=str(operation.pk), change="created", team_id=team.pk)
    transaction.on_commit(partial(enqueue, operation))
    return operation


@transaction.atomic
def cancel_operation(*, operation: Operation, by: User) -> Operation:
    """Cancel a waiting operation at once; ask the worker of a running one to stop.

    A running operation is cancelled when its job says that it has stopped, not before.
    """
    locked = queries.lock_operation(operation_id=operation.pk)
    require_state_for(locked, "cancel_operation")
    if locked.state == OperationState.QUEUED:
        write_note(locked=locked, text=f"Cancelled by {by} before it started.")
        transition(
            locked,
            to=OperationState.CANCELLED,
            reason=f"{by} cancelled it before it started.",
            changes={"finished_at": timezone.now()},
        )
    elif locked.cancel_requested_at is None:
        locked.cancel_requested_at = timezone.now()
        locked.save(update_fields=["cancel_requested_at", "updated_at"])
        write_note(locked=locked, text=f"{by} asked to cancel. Stopping …")
    return locked


@transaction.atomic
def retry_operation(*, operation: Operation, by: User) -> Operation:
    """Queue a failed or cancelled operation again; steps that succeeded are kept."""
    locked = queries.lock_operation(operation_id=operation.pk)
    require_state_for(locked, "retry_operation")
    if locked.settled_at is None:
        raise Conflict(
            "The last attempt is still being wound up.", fix="Try again in a few seconds."
        )
    _refuse_beside_another(subject_type=locked.subject_type, subject_id=locked.subject_id)
    step = queries.find_next_step(operation=locked)
    at = f" from “{step.title}”" if step and step.position > 1 else ""
    write_note(locked=locked, text=f"{by} retries{at} (attempt {locked.attempt + 1}).")
    transition(
        locked,
        to=OperationState.QUEUED,
        reason=f"{by} retried it.",
        changes={
            "attempt": locked.attempt + 1,
            "lost_workers": 0,
            "error": "",
            "fix": "",
            "cancel_requested_at": None,
            "settled_at": None,
            "finished_at": None,
            "enqueued_at": timezone.now(),
        },
    )
    transaction.on_commit(partial(enqueue, locked))
    return locked


def _insert(operation: Operation) -> None:
    try:
        with transaction.atomic():
            operation.save(force_insert=True)
    except IntegrityError:
        # The database decides between two who ask at the same moment.
        _refuse_beside_another(subject_type=operation.subject_type, subject_id=operation.subject_id)
        raise


def enqueue(operation: Operation) -> None:
    """Send the message by name, so the web process never imports the worker's dependencies.

    A broker that does not answer is no reason to refuse: the row waits, and is sent again.
    """
    family = operation.kind.partition(".")[0]
    try:
        current_app.send_task(
            f"worker_jobs.{operation.kind}",
            kwargs={"operation_id": str(operation.pk)},
            queue=QUEUES.get(family, DEFAULT_QUEUE),
            retry=False,
        )
    except BrokerError as error:
        logger.warning("message not sent", extra={"operation": operation.pk, "error": str(error)})


def _refuse_beside_another(*, subject_type: str, subject_id: str) -> None:
    other = queries.find_exclusive_operation(subject_type=subject_type, subject_id=subject_id)
    if other is not None:
        raise Conflict(
            f"Another operation is at work on {other.subject_name}: {other.kind}, {other.state}"
            f" since {other.state_since:%H:%M} UTC.",
            fix="Wait until it has ended, or cancel it first.",
        )
