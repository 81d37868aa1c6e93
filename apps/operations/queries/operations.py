"""Every read about operations."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.operations.models import Operation, OperationLogLine, OperationStep
from apps.operations.states import OperationState, StepState


def list_operations(
    *,
    team: Team,
    state: str | None = None,
    kind: str | None = None,
    subject_type: str | None = None,
    subject_id: str | None = None,
) -> QuerySet[Operation]:
    wanted = {
        "state": state,
        "kind": kind,
        "subject_type": subject_type,
        "subject_id": subject_id,
    }
    given = {column: value for column, value in wanted.items() if value}
    return Operation.objects.filter(team=team, **given).select_related("requested_by")


def get_operation(*, team: Team, operation_id: UUID) -> Operation:
    """Raises NotFound, also for another team's."""
    operation = list_operations(team=team).filter(pk=operation_id).first()
    if operation is None:
        raise NotFound(f"There is no operation {operation_id}.")
    return operation


def find_operation(*, operation_id: str | UUID) -> Operation | None:
    return Operation.objects.filter(pk=operation_id).first()


def lock_operation(*, operation_id: UUID) -> Operation:
    """The row, locked until the transaction ends."""
    return Operation.objects.select_for_update().get(pk=operation_id)


def find_exclusive_operation(*, subject_type: str, subject_id: str) -> Operation | None:
    """The exclusive operation that waits for or works on this subject."""
    return Operation.objects.filter(
        subject_type=subject_type,
        subject_id=subject_id,
        exclusive=True,
        state__in=[OperationState.QUEUED, OperationState.RUNNING],
    ).first()


def find_next_step(*, operation: Operation) -> OperationStep | None:
    """The first step that has not succeeded."""
    return operation.steps.exclude(state=StepState.SUCCEEDED).order_by("position").first()


def list_steps(*, operation: Operation) -> QuerySet[OperationStep]:
    return operation.steps.order_by("position")


def list_log_lines(
    *, operation: Operation, after: int, limit: int, level: str | None = None, text: str = ""
) -> QuerySet[OperationLogLine]:
    """Lines with a higher number, in order."""
    lines = operation.lines.filter(sequence__gt=after).order_by("sequence")
    if level:
        lines = lines.filter(level=level)
    if text:
        lines = lines.filter(text__icontains=text)
    return lines[:limit]


def render_log(*, operation: Operation) -> str:
    """The whole log as text, one line each: time, step, level where it matters, text."""
    lines = operation.lines.order_by("sequence").values_list("at", "step", "level", "text")
    return "".join(
        f"{at:%Y-%m-%dT%H:%M:%S.%f}Z [{step or '-'}]"
        f"{'' if level == 'info' else f' {level.upper()}'} {text}\n"
        for at, step, level, text in lines.iterator(chunk_size=5_000)
    )


def list_held(*, operation_ids: Collection[UUID]) -> dict[UUID, tuple[int, bool]]:
    """Of the running ones: the fence, and whether somebody asked to cancel."""
    rows = Operation.objects.filter(pk__in=operation_ids, state=OperationState.RUNNING)
    return {
        pk: (fence, cancel_requested_at is not None)
        for pk, fence, cancel_requested_at in rows.values_list("pk", "fence", "cancel_requested_at")
    }


def is_lease_expired(*, operation: Operation) -> bool:
    return list_lost_operations().filter(pk=operation.pk).exists()


def list_lost_operations() -> QuerySet[Operation]:
    """Running, but nobody renews the lease. The database's clock decides."""
    return Operation.objects.filter(state=OperationState.RUNNING, lease_expires_at__lt=Now())


def list_running_operations() -> QuerySet[Operation]:
    return Operation.objects.filter(state=OperationState.RUNNING)


def list_waiting_operations() -> QuerySet[Operation]:
    return Operation.objects.filter(state=OperationState.QUEUED).order_by("created_at")


def list_overdue_operations() -> QuerySet[Operation]:
    return Operation.objects.filter(
        state__in=[OperationState.QUEUED, OperationState.RUNNING],
        state_deadline__lt=timezone.now(),
    )


def list_unsent_operations() -> QuerySet[Operation]:
    """Waiting longer than a message should take; the pause doubles, for a queue may be long."""
    waited = ExpressionWrapper(F("enqueued_at") - F("state_since"), output_field=DurationField())
    pause = timedelta(seconds=settings.OPERATION_RESEND_SECONDS)
    return Operation.objects.filter(state=OperationState.QUEUED).filter(
        enqueued_at__lt=Now() - Greatest(waited, pause)
    )


def list_unsettled_operations() -> QuerySet[Operation]:
    """Ended badly, and what they were about may not know it yet."""
    return Operation.objects.filter(
        Q(state=OperationState.FAILED) | Q(state=OperationState.CANCELLED), settled_at=None
    )
