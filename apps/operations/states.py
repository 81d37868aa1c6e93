from django.db.models import TextChoices

from apps.core.permissions import Permission
from apps.core.state_machine import ActionRule, StateMachine


class OperationState(TextChoices):
    """queued --worker--> running --worker--> succeeded | failed | cancelled

    queued --user--> cancelled;   running --reaper--> queued (the worker died, attempt + 1)
    running --reaper--> failed (too many lost workers, or past its deadline)
    failed, cancelled --user retries--> queued
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPERATION_STATES = StateMachine(
    initial=OperationState.QUEUED,
    transitions={
        OperationState.QUEUED: frozenset(
            {OperationState.RUNNING, OperationState.CANCELLED, OperationState.FAILED}
        ),
        OperationState.RUNNING: frozenset(
            {
                OperationState.SUCCEEDED,
                OperationState.FAILED,
                OperationState.CANCELLED,
                OperationState.QUEUED,
            }
        ),
        OperationState.SUCCEEDED: frozenset(),
        OperationState.FAILED: frozenset({OperationState.QUEUED}),
        OperationState.CANCELLED: frozenset({OperationState.QUEUED}),
    },
)

ENDED_STATES = frozenset(
    {OperationState.SUCCEEDED, OperationState.FAILED, OperationState.CANCELLED}
)

OPERATION_ACTIONS = {
    "cancel_operation": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({OperationState.QUEUED, OperationState.RUNNING}),
        otherwise="It has already ended.",
    ),
    "retry_operation": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({OperationState.FAILED, OperationState.CANCELLED}),
        otherwise="Only a failed or cancelled operation can be retried.",
    ),
}


class StepState(TextChoices):
    """pending --job--> running --job--> succeeded | failed | cancelled

    running --reaper--> pending (the worker died);   failed, cancelled --retry--> running
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


STEP_STATES = StateMachine(
    initial=StepState.PENDING,
    transitions={
        StepState.PENDING: frozenset({StepState.RUNNING}),
        StepState.RUNNING: frozenset(
            {
                StepState.SUCCEEDED,
                StepState.FAILED,
                StepState.CANCELLED,
                StepState.PENDING,
            }
        ),
        StepState.SUCCEEDED: frozenset(),
        StepState.FAILED: frozenset({StepState.RUNNING}),
        StepState.CANCELLED: frozenset({StepState.RUNNING}),
    },
)
