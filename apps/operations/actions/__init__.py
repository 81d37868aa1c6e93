"""Every write about operations, split by who writes: people, the worker at it, the reaper."""

from apps.operations.actions.log import LogLine, drop_old_logs
from apps.operations.actions.recovery import (
    end_lease,
    expire_operation,
    mark_settled,
    recover_lost_operation,
    resend_message,
)
from apps.operations.actions.requests import (
    StepSpec,
    cancel_operation,
    enqueue,
    request_operation,
    retry_operation,
)
from apps.operations.actions.runs import (
    Hold,
    LeaseLost,
    append_log,
    cancel_run,
    claim_operation,
    end_step,
    fail_run,
    finish_run,
    note_progress,
    release_run,
    renew_leases,
    start_step,
)

__all__ = [
    "Hold",
    "LeaseLost",
    "LogLine",
    "StepSpec",
    "append_log",
    "cancel_operation",
    "cancel_run",
    "claim_operation",
    "drop_old_logs",
    "end_lease",
    "end_step",
    "enqueue",
    "expire_operation",
    "fail_run",
    "finish_run",
    "mark_settled",
    "note_progress",
    "recover_lost_operation",
    "release_run",
    "renew_leases",
    "request_operation",
    "resend_message",
    "retry_operation",
    "start_step",
]
