"""Why an operation is as it is."""

from collections.abc import Set as AbstractSet
from typing import Any

from apps.core.permissions import Permission
from apps.core.transitions import why_not
from apps.operations.models import Operation
from apps.operations.queries.operations import find_next_step
from apps.operations.states import OperationState

_FIXES = {
    "retry_operation": ("Retry", "Runs the steps again that have not succeeded."),
    "cancel_operation": ("Cancel", "Asks the worker to stop; what it has done stays done."),
}


def explain_operation(
    *, operation: Operation, permissions: AbstractSet[Permission]
) -> dict[str, Any]:
    """In the shape of `core.schemas.WhyOut`."""
    wanted = {
        OperationState.QUEUED: ["cancel_operation"],
        OperationState.RUNNING: ["cancel_operation"],
        OperationState.FAILED: ["retry_operation"],
        OperationState.CANCELLED: ["retry_operation"],
    }.get(OperationState(operation.state), [])
    return {
        "cause": _cause(operation),
        "evidence": _evidence(operation),
        "next": _next(operation),
        "fixes": [_fix(operation, action, permissions) for action in wanted],
    }


def _cause(operation: Operation) -> str:
    if operation.error:
        return operation.error
    if operation.state == OperationState.QUEUED:
        return operation.state_reason or "It waits for a worker."
    if operation.state == OperationState.RUNNING:
        step = find_next_step(operation=operation)
        return f"A worker is at “{step.title}”." if step else "A worker is at it."
    return operation.state_reason or "It was done without a problem."


def _evidence(operation: Operation) -> list[dict[str, Any]]:
    link = f"/operations/{operation.pk}"
    lines = list(operation.lines.order_by("-sequence")[:20])
    telling = [line for line in lines if line.level in ("error", "warning")] or lines
    return [{"at": line.at, "text": line.text, "link": link} for line in reversed(telling[:5])]


def _next(operation: Operation) -> dict[str, Any] | None:
    if operation.state == OperationState.QUEUED:
        return {"text": "The next free worker takes it."}
    if operation.state == OperationState.RUNNING and operation.cancel_requested_at:
        return {"text": "It is cancelled as soon as its work has stopped."}
    if operation.state == OperationState.RUNNING and operation.state_deadline:
        return {"text": "It is given up if it is not done by then.", "at": operation.state_deadline}
    return None


def _fix(operation: Operation, action: str, permissions: AbstractSet[Permission]) -> dict[str, Any]:
    label, effect = _FIXES[action]
    reason = why_not(operation, action, permissions)
    effect = operation.fix or effect if action == "retry_operation" else effect
    return {
        "action": action,
        "label": label,
        "effect": effect,
        "allowed": reason is None,
        "reason": reason,
    }
